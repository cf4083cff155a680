"""What is asked of every page: nothing for axe to find, nothing wider than the window."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_findings(page: Page) -> list[str]:
    """What axe finds wrong: the rule, how bad it is, and where."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node.get('failureSummary', '')}"
        for rule in found
        for node in rule["nodes"]
    ]


def too_wide(page: Page) -> str | None:
    """Say what makes the page scroll sideways, or None where nothing does."""
    found: str | None = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return null;
          const wide = [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > width + 1);
          const last = wide[wide.length - 1] ?? document.body;
          return `${last.tagName}.${last.className} reaches `
            + `${Math.round(last.getBoundingClientRect().right)} of ${width}`;
        }"""
    )
    return found


def small_targets(page: Page) -> list[str]:
    """Name the buttons, and links outside sentences, lower than 44 px or narrower than 24 px."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, .button')]
          .filter(e => e.checkVisibility() && !['radio', 'checkbox'].includes(e.type))
          .map(e => [e, e.getBoundingClientRect()])
          .filter(([e, box]) => box.height < 44 || box.width < 24)
          .map(([e, box]) => `${e.tagName} «${e.innerText || e.name}» `
            + `${Math.round(box.width)} by ${Math.round(box.height)}`)"""
    )
    return found


def moving(page: Page) -> list[str]:
    """Name what would move for longer than a blink, though the person asked for nothing to move."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('body, body *')]
          .filter(e => {
            const {animationName, animationDuration, transitionDuration} = getComputedStyle(e);
            const longest = text => Math.max(...text.split(',').map(parseFloat));
            return longest(transitionDuration) > 0.02
              || (animationName !== 'none' && longest(animationDuration) > 0.02);
          })
          .map(e => `${e.tagName}.${e.className}`)"""
    )
    return found
