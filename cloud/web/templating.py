"""The pages' templates: one environment, everything escaped, an unknown name an error."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("cloud.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **names: object) -> str:
    """The page this template makes."""
    return _ENVIRONMENT.get_template(template).render(names)
