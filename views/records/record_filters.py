"""The filters of a grid: those that a person may use now, and the menu they are picked from."""

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from flask import current_app, g
from jinja2.utils import htmlsafe_json_dumps

from documents.records.codelists import code_list
from documents.records.codes import year_in_question
from documents.records.record import declared
from views.records.filters import filters_of


class Offered(NamedTuple):
    """The filters of a document: in order, {key: (index, filter)}, under their fields' labels, and that as JSON."""

    filters: tuple
    by_key: MappingProxyType
    groups: MappingProxyType
    menu: object


@lru_cache(maxsize=256)
def offered(document, sensitive, lists, year):
    """The Offered of a declaration. `lists` are its code lists as they are now, `year` the one that they are asked for:
    what is offered is made anew where any of it is another.
    """
    known = declared(document)
    open_ones = [name for name in document.filters if sensitive or known[name].personal != "sensitive"]
    filters = tuple(flt for name in open_ones for flt in filters_of(known[name]))
    groups = {}
    for index, flt in enumerate(filters):
        row = {"index": index, "arg": flt.key, "operation": flt.operation()}
        row |= {"options": flt.get_options(None) or None, "type": flt.data_type}
        groups.setdefault(flt.name, []).append(row)
    policies = current_app.jinja_env.policies
    menu = htmlsafe_json_dumps(groups, policies["json.dumps_function"], **policies["json.dumps_kwargs"])
    by_key = {flt.key: (index, flt) for index, flt in enumerate(filters)}
    return Offered(filters, MappingProxyType(by_key), MappingProxyType(groups), menu)


class FiltersMixin:
    """The part of RecordView behind the filter menu."""

    @property
    def _offered(self):
        if "record_filters" not in g:
            document, known = self.model, declared(self.model)
            named = {known[name].codelist for name in document.filters if known[name].codelist}
            lists = tuple(code_list(name) for name in sorted(named))
            g.record_filters = offered(document, self.sensitive_on, lists, year_in_question())
        return g.record_filters

    @property
    def _filters(self):
        return self._offered.filters

    @property
    def _filter_args(self):
        return self._offered.by_key

    def _get_filter_groups(self):
        """{field's label: [{index, arg, operation, options, type}]}, what the filter menu is made of."""
        return self._offered.groups

    def get_filter_arg(self, index, flt):
        """The name of a filter in the address: field and operator."""
        return flt.key
