"""How Thai offices write things: text, dates of the Buddhist era, numbers that name a person."""
