"""What every page repeats is rendered once: {% constant %}…{% endconstant %}."""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()
_MOST_KEPT = 100


class ConstantNode(template.Node):
    """A part of a template that depends on settings, on the language and on the values named, and on nothing else."""

    def __init__(self, nodelist: NodeList, values: list[FilterExpression]) -> None:
        """Keep what is rendered with this node, which lives as long as its template: a process, where templates are cached."""
        self.nodelist = nodelist
        self.values = values
        self._kept: dict[tuple[object, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        """Return the part as it was rendered first for these values in this language."""
        key = (get_language(), *(value.resolve(context, ignore_failures=True) for value in self.values))
        kept = self._kept.get(key)
        if kept is None:
            kept = self.nodelist.render(context)
            while len(self._kept) >= _MOST_KEPT:
                self._kept.pop(
                    next(iter(self._kept)), None
                )  # the oldest; another thread may have been faster
            self._kept[key] = kept
        return kept


@register.tag
def constant(parser: Parser, token: Token) -> ConstantNode:
    """Render the part once in a process for each language and each combination of the values named, a hundred at most.

    The bar and the foot of a page cost more than its list of thirty events, and say the same on each. Never put a
    {% block %} or anything of a person in it: the first rendering is everyone's.
    """
    values = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    nodelist = parser.parse(("endconstant",))
    parser.delete_first_token()
    if nodelist.get_nodes_by_type(BlockNode):
        raise template.TemplateSyntaxError(
            "A {% constant %} holds no {% block %}: another template could fill it."
        )
    return ConstantNode(nodelist, values)
