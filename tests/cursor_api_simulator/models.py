"""The models that the simulated company uses, as Cursor spells them, with the prices of cursor-api.md section 8."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """Prices in 0.001 $ per million tokens, which is also 1e-7 cents per token."""

    name: str
    input_price: int
    cache_write_price: int
    cache_read_price: int
    output_price: int
    has_token_fee: bool = True


MODELS = (
    # Cursor's own models carry no token fee.
    Model("default", 1250, 1250, 250, 6000, has_token_fee=False),
    Model("composer-1", 1250, 0, 125, 10000, has_token_fee=False),
    Model("composer-2.5-fast", 500, 0, 200, 2500, has_token_fee=False),
    Model("Cursor Grok 4.6 (Auto Balanced)", 3000, 0, 750, 15000, has_token_fee=False),
    Model("claude-4.5-sonnet", 3000, 3750, 300, 15000),
    Model("claude-4.5-sonnet-thinking", 3000, 3750, 300, 15000),
    Model("claude-4.5-haiku", 1000, 1250, 100, 5000),
    Model("claude-4.6-opus-high-thinking", 5000, 6250, 500, 25000),
    Model("claude-4.5-opus", 5000, 6250, 500, 25000),
    Model("claude-4.6-opus-fast", 30000, 37500, 3000, 150000),
    Model("gpt-5", 1250, 0, 125, 10000),
    Model("gpt-5-mini", 250, 0, 25, 2000),
    Model("gpt-5.3-codex-high", 1750, 0, 175, 14000),
    Model("gpt-5.5", 5000, 0, 500, 30000),
    Model("gemini-3-pro", 2000, 0, 400, 12000),
    Model("gemini-3-flash", 500, 0, 50, 3000),
    Model("grok-code-fast-1", 200, 0, 20, 1500),
    # In no public price list: `unknown` to whoever reads it.
    Model("stealth-preview-0926", 1000, 0, 100, 8000),
)

_BY_NAME = {model.name: index for index, model in enumerate(MODELS)}

EVERYDAY_WEIGHTS = (30, 6, 9, 2, 14, 8, 4, 5, 2, 0.3, 7, 2, 4, 1, 2, 2, 1.5, 0.2)
PREMIUM_WEIGHTS = (4, 0, 0, 0, 4, 2, 0, 50, 30, 2, 0, 0, 0, 8, 0, 0, 0, 0)
AUTO_WEIGHTS = (1, *[0] * (len(MODELS) - 1))


def index_of(name: str) -> int:
    return _BY_NAME[name]
