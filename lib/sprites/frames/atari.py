"""Frames of Space Invaders, played at random by the Arcade Learning Environment while they are asked for."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.film import Film

# Some shots are drawn in every second picture only: an odd step shows each of them now and then.
_SKIP = 3
_HOLD = 4
_TRIES_PER_FRAME = 60


def space_invaders(n_frames: int = 600, *, seed: int = 0, deduplicate: bool = True) -> Film:
    """Play Space Invaders with random moves; one picture in three becomes a frame (MarioNette, section 3.2).

    Parameters
    ----------
    n_frames : int
    seed : int
        Of the moves.
    deduplicate : bool
        Leave out a frame that was there before.

    Returns
    -------
    Film
        210 x 160 pixels; without truth.

    Raises
    ------
    SpritesError
        If the game's program is missing, the seed is none, or there are no so many different frames.

    Examples
    --------
    >>> space_invaders(2).frames.shape
    (2, 210, 160, 3)
    """
    if n_frames < 1:
        raise SpritesError("no frames", where="space_invaders", value=n_frames, fix="ask for one at least")
    if not 0 <= seed < 2**31:
        raise SpritesError(
            "no such seed", where="space_invaders", value=seed, fix="give a number from 0, below 2 ** 31"
        )
    machine, rng = _machine(seed), np.random.default_rng(seed)
    moves = machine.getMinimalActionSet()
    frames: list[NDArray[np.uint8]] = []
    known: set[bytes] = set()
    move = moves[0]
    for turn in range(_TRIES_PER_FRAME * n_frames):
        if turn % _HOLD == 0:
            move = moves[rng.integers(len(moves))]
        for _ in range(_SKIP):
            machine.act(move)
        if machine.game_over():
            machine.reset_game()
        frame = machine.getScreenRGB()
        print_of_it = blake2b(frame.tobytes()).digest()
        if not (deduplicate and print_of_it in known):
            known.add(print_of_it)
            frames.append(frame)
        if len(frames) == n_frames:
            return Film(
                np.stack(frames), f"Space Invaders, played at random by the Arcade Learning Environment, seed {seed}"
            )
    fix = "ask for fewer, or deduplicate=False"
    raise SpritesError("too few different frames", where="space_invaders", value=len(frames), fix=fix)


def _machine(seed: int) -> Any:
    import ale_py
    from ale_py import roms

    program = roms.get_rom_path("space_invaders")
    if program is None:
        fix = "install the ale-py of constraints.txt again: its package holds the game"
        raise SpritesError("no program of the game", where="space_invaders", value="ale-py lacks it", fix=fix)
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    machine = ale_py.ALEInterface()
    machine.setInt("random_seed", seed)
    machine.setFloat("repeat_action_probability", 0.0)
    machine.loadROM(program)
    machine.reset_game()
    return machine
