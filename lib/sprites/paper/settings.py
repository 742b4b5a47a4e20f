"""Settings of the article's method, as its text has them and as its published code has them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from lib.errors import SpritesError

SIZES = (8, 16, 32, 64)
BACKGROUNDS = ("solid", "learned", "regressed")
COMPATS = ("text", "code")


@dataclass(frozen=True)
class PaperSettings:
    """What the method is made of.

    Where the article and its published code differ, the article rules; ``PaperSettings.code()`` takes the code's choices,
    so that results can be compared.

    ============================  =====================================  =============================================
    field                         text (section)                         published code
    ============================  =====================================  =============================================
    ``batch``                     4 (2.6)                                8
    ``finetune_steps``            10,000 with ``finetune_beta`` (2.6)    none: a second call would be needed
    ``colours_summed``            squared error summed over the colours  their mean: sparsity and Beta weigh 3 times as
                                  (equation 3)                           much
    ``beta_summed``               density of scores plus density of      half of it
                                  switches (equation 3)
    ``beta_margin``               none                                   scores clamped to [1e-5, 1 - 1e-5], beyond
                                                                         which nothing pulls
    ``reach``                     offsets to half a sprite (2.4)         to a quarter
    ``switch_seen``               the offset network sees the sprite     before its switch
                                  times its switch (equation 2, 2.4)
    ``clipped``                   a sprite is drawn on the layer's       in a window as large as itself: what leaves it
                                  canvas (2.5)                           is lost
    ``premultiplied``             colours move with their alpha, as      colours and alpha interpolated apart, colours
                                  section 2.5 composites them            continued beyond the border
    ``codes_normalised``          left out with the other layer norms    always: the switch that leaves out the others
                                  in their ablation (3.3)                does not reach the codes
    ``shuffled_when_hard``        no: a fixed order                      random also in evaluation
    ``background_blended``        no: the best shift, whole pixels       the soft mixture also in evaluation
    ``background_axes``           2: shifts along both (2.5)             1: along the columns
    ``texture_factor``            2 x 4 frames: larger along both        1 x 4 frames
    ============================  =====================================  =============================================

    What they share: a block of the encoder is a convolution of stride 1 and one of stride 2 (figure 3 draws one); the
    offsets of a hard frame are those of its soft sprites, on which alone the network was trained; solid colour by k-means.

    Parameters
    ----------
    n_sprites, sprite_size, layers : int
        ``sprite_size`` k is 8, 16, 32 or 64 pixels; anchors are k / 2 apart.
    dim : int
        Length d of the latent codes, from 16 on and divisible by 8.
    background : {"solid", "learned", "regressed"}
        ``"regressed"`` finds the shift by a spatial transformer (figure 12).
    layernorm : bool
        False for the ablation of figure 10.
    straight_through : bool
        Switches rounded, their gradient passed on, in place of their Beta term (figure 10).
    steps : int
        With ``beta``; ``finetune_steps`` follow with ``finetune_beta``.
    rate, background_rate : float
        Learning rates of AdamW; the second of the background's texture.
    beta, finetune_beta, sparse : float
        Weights of equation 3.
    seed : int
    """

    n_sprites: int = 150
    sprite_size: int = 32
    layers: int = 2
    dim: int = 128
    background: str = "solid"
    layernorm: bool = True
    straight_through: bool = False
    batch: int = 4
    steps: int = 200_000
    finetune_steps: int = 10_000
    rate: float = 1e-4
    background_rate: float = 1e-3
    beta: float = 0.002
    finetune_beta: float = 0.1
    sparse: float = 0.005
    colours_summed: bool = True
    beta_summed: bool = True
    beta_margin: float = 0.0
    reach: float = 0.5
    switch_seen: bool = True
    clipped: bool = False
    premultiplied: bool = True
    codes_normalised: bool = True
    shuffled_when_hard: bool = False
    background_blended: bool = False
    background_axes: int = 2
    texture_factor: tuple[int, int] = (2, 4)
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("sprite_size", self.sprite_size, SIZES)
        _one_of("background", self.background, BACKGROUNDS)
        for name in ("n_sprites", "layers", "dim", "batch"):
            _whole(name, getattr(self, name), 1)
        for name in ("steps", "finetune_steps", "seed"):
            _whole(name, getattr(self, name), 0)
        if self.dim % 8 or self.dim < 16:
            fix = "give a multiple of 8 from 16 on: features are normalised in 8 groups"
            raise SpritesError("cannot be divided into groups", where="dim", value=self.dim, fix=fix)

    @classmethod
    def text(cls, **options: Any) -> Self:
        """Give the article's own choices.

        Parameters
        ----------
        **options
            Fields to set otherwise.

        Returns
        -------
        PaperSettings

        Examples
        --------
        >>> PaperSettings.text(n_sprites=25).reach
        0.5
        """
        made = cls(**options)
        return made if "codes_normalised" in options else replace(made, codes_normalised=made.layernorm)

    @classmethod
    def code(cls, **options: Any) -> Self:
        """Give the choices of the published code.

        Parameters
        ----------
        **options
            Fields to set otherwise.

        Returns
        -------
        PaperSettings

        Examples
        --------
        >>> PaperSettings.code().batch, PaperSettings.code().reach
        (8, 0.25)
        """
        return cls(**(_CODE | options))

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        """Read settings that a file kept.

        Parameters
        ----------
        kept : dict
            As ``dataclasses.asdict`` gives them; what is no field is left out.

        Returns
        -------
        PaperSettings
        """
        known = {field.name for field in fields(cls)}
        found = {name: value for name, value in kept.items() if name in known}
        return cls(**(found | {"texture_factor": tuple(found["texture_factor"])}))

    @property
    def pitch(self) -> int:
        """Pixels from anchor to anchor: half a sprite."""
        return self.sprite_size // 2

    @property
    def margin(self) -> int:
        """Pixels by which the window that a sprite is drawn in reaches beyond the sprite."""
        return 0 if self.clipped else self.pitch


_CODE: dict[str, Any] = {
    "batch": 8,
    "finetune_steps": 0,
    "colours_summed": False,
    "beta_summed": False,
    "beta_margin": 1e-5,
    "reach": 0.25,
    "switch_seen": False,
    "clipped": True,
    "premultiplied": False,
    "shuffled_when_hard": True,
    "background_blended": True,
    "background_axes": 1,
    "texture_factor": (1, 4),
}


def choose_settings(compat: str, **options: Any) -> PaperSettings:
    """Give the settings of the article or of its code.

    Parameters
    ----------
    compat : {"text", "code"}
    **options
        Fields of ``PaperSettings`` to set otherwise.

    Returns
    -------
    PaperSettings

    Raises
    ------
    SpritesError
        If there are no such choices, or no such setting.
    """
    if compat not in COMPATS:
        raise SpritesError(
            "is none of those that are known", where="compat", value=compat, fix=f"choose from {COMPATS}"
        )
    known = PaperSettings.__dataclass_fields__
    if unknown := sorted(set(options) - set(known)):
        fix = f"choose from {', '.join(known)}"
        raise SpritesError("no such setting", where="fit_paper", value=unknown, fix=fix)
    return PaperSettings.text(**options) if compat == "text" else PaperSettings.code(**options)


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if value not in known:
        raise SpritesError("is none of those that are known", where=name, value=value, fix=f"choose from {known}")


def _whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SpritesError("is no whole number that fits", where=name, value=value, fix=f"give {least} or more")
