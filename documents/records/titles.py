"""Titles (คำนำหน้า) against what else is said of a person."""

from documents.records.codelists import code_list


def of_other_sex(values, titles):
    """(title, sex it is of) in words, where a title of this code list is of another sex than a person's; None otherwise."""
    belongs = code_list(titles).fact(values.get("title"), "sex")
    if not belongs or not values.get("sex") or values["sex"] == belongs:
        return None
    return code_list(titles).label(values["title"]), code_list("SEX").label(belongs)
