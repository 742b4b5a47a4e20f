"""Frames from a played game, from pictures, folders and videos; and what is refused."""

import ale_py.roms
import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lib.errors import SpritesError
from lib.sprites.frames import (
    from_folder,
    from_video,
    photograph,
    random_crops,
    scanned_text,
    space_invaders,
    whole_photograph,
)


class TestSpaceInvaders:
    def test_frames_are_colour_pictures_that_all_differ(self):
        frames = space_invaders(120).frames
        assert frames.shape == (120, 210, 160, 3)
        assert frames.dtype == np.uint8
        assert len({frame.tobytes() for frame in frames}) == 120

    def test_same_seed_same_game_other_seed_other_game(self):
        one, same, other = (space_invaders(40, seed=seed).frames for seed in (3, 3, 4))
        assert (one == same).all()
        assert (one != other).any()

    def test_with_duplicates_it_begins_no_later(self):
        kept, all_of_them = space_invaders(5).frames, space_invaders(30, deduplicate=False).frames
        assert (kept[0] == all_of_them[0]).all()
        known = {frame.tobytes() for frame in all_of_them}
        assert len(known) < 30 or (kept == all_of_them[:5]).all()

    def test_the_game_goes_on_after_it_is_lost(self):
        frames = space_invaders(700, seed=1, deduplicate=False).frames
        score = frames[:, 5:20, 20:70].reshape(700, -1)
        begin = (score == score[0]).all(axis=1)
        assert begin[400:].any()

    def test_no_program(self, monkeypatch):
        monkeypatch.setattr(ale_py.roms, "get_rom_path", lambda name: None)
        with pytest.raises(SpritesError, match=r"no program of the game.*Fix: install the ale-py of constraints\.txt"):
            space_invaders(2)

    def test_no_frames(self):
        with pytest.raises(SpritesError, match=r"no frames \(got 0\)"):
            space_invaders(0)

    def test_a_game_that_shows_nothing_new(self, monkeypatch):
        class Frozen:
            def getMinimalActionSet(self):
                return [0]

            def act(self, move):
                return 0

            def game_over(self):
                return False

            def getScreenRGB(self):
                return np.zeros((210, 160, 3), np.uint8)

        monkeypatch.setattr("lib.sprites.frames.atari._machine", lambda seed: Frozen())
        with pytest.raises(SpritesError, match=r"too few different frames \(got 1\)"):
            space_invaders(3)


class TestPictures:
    def test_photograph_crops_are_parts_of_it(self):
        film, whole = photograph(3, size=200, seed=1), whole_photograph()
        assert film.frames.shape == (3, 200, 200, 3)
        assert whole.shape == (427, 640, 3)
        first = film.frames[0]
        found = [
            (row, col)
            for row, col in np.argwhere((whole[:228, :441] == first[0, 0]).all(axis=2))
            if (whole[row : row + 200, col : col + 200] == first).all()
        ]
        assert len(found) == 1

    def test_text_is_grey_in_three_colours(self):
        frames = scanned_text(4).frames
        assert frames.shape == (4, 128, 128, 3)
        assert (frames[..., 0] == frames[..., 1]).all()
        assert (frames[..., 0] == frames[..., 2]).all()
        assert frames.std() > 20

    @given(st.integers(1, 9), st.integers(1, 7), st.integers(0, 99))
    def test_crops_lie_inside_and_reach_every_edge(self, rows, cols, seed):
        image = np.arange(63, dtype=np.uint8).reshape(9, 7)
        crops = random_crops(image, 5, (rows, cols), seed)
        assert crops.shape == (5, rows, cols, 3)
        corner = crops[:, 0, 0, 0]
        assert (corner // 7 + rows <= 9).all()
        assert (corner % 7 + cols <= 7).all()

    def test_every_place_is_drawn(self):
        crops = random_crops(np.arange(4, dtype=np.uint8).reshape(2, 2), 60, 1)
        assert set(crops[:, 0, 0, 0].tolist()) == {0, 1, 2, 3}

    @pytest.mark.parametrize(
        ("image", "n", "size", "message"),
        [
            (np.zeros((9, 9), np.uint8), 1, 10, "no such frames.*1 of 10 x 10 out of 9 x 9"),
            (np.zeros((9, 9), np.uint8), 0, 5, "no such frames"),
            (np.zeros((9, 9), np.uint8), 2, (0, 5), "no such frames"),
            (np.zeros((9, 9)), 1, 5, "no image of 8 bits.*float64"),
            (np.zeros((9, 9, 4), np.uint8), 1, 5, "no image of 8 bits"),
            (np.zeros(9, np.uint8), 1, 5, "no image of 8 bits"),
        ],
    )
    def test_refusals(self, image, n, size, message):
        with pytest.raises(SpritesError, match=message):
            random_crops(image, n, size)


class TestFolder:
    @staticmethod
    def put(folder, name, pixels, mode=None):
        Image.fromarray(pixels, mode).save(folder / name) if mode else Image.fromarray(pixels).save(folder / name)

    def test_numbers_in_names_are_ordered_by_value(self, tmp_path):
        for number in (10, 2, 1):
            self.put(tmp_path, f"frame{number}.png", np.full((4, 6, 3), number, np.uint8))
        (tmp_path / "notes.txt").write_text("no image")
        film = from_folder(tmp_path)
        assert film.frames.shape == (3, 4, 6, 3)
        assert film.frames[:, 0, 0, 0].tolist() == [1, 2, 10]
        assert film.truth is None

    def test_grey_palette_and_jpeg_become_colours(self, tmp_path):
        self.put(tmp_path, "1.png", np.full((8, 8), 90, np.uint8))
        Image.fromarray(np.full((8, 8, 3), 120, np.uint8)).quantize(4).save(tmp_path / "2.png")
        self.put(tmp_path, "3.JPG", np.full((8, 8, 3), 60, np.uint8))
        Image.fromarray(np.full((8, 8), True)).save(tmp_path / "4.png")
        assert from_folder(tmp_path).frames[:, 2, 2].tolist() == [[90] * 3, [120] * 3, [60] * 3, [255] * 3]

    def test_what_is_behind_transparent_pixels_can_be_chosen(self, tmp_path):
        pixels = np.full((2, 2, 4), (200, 100, 0, 255), np.uint8)
        pixels[0, 0, 3], pixels[1, 1, 3] = 0, 51
        self.put(tmp_path, "1.png", pixels)
        assert from_folder(tmp_path).frames[0, 0, 0].tolist() == [255, 255, 255]
        frame = from_folder(tmp_path, behind=(0, 0, 50)).frames[0]
        assert frame[0, 0].tolist() == [0, 0, 50]
        assert frame[0, 1].tolist() == [200, 100, 0]
        assert frame[1, 1].tolist() == [40, 20, 40]

    def test_a_frame_of_another_size_is_named(self, tmp_path):
        self.put(tmp_path, "1.png", np.zeros((4, 6, 3), np.uint8))
        self.put(tmp_path, "2.png", np.zeros((4, 7, 3), np.uint8))
        message = r"2\.png: frames differ in size \(got '4 x 7 pixels, and 1\.png is 4 x 6 pixels'\)"
        with pytest.raises(SpritesError, match=message):
            from_folder(tmp_path)

    @pytest.mark.parametrize("keep", [0, 20, 60])
    def test_a_damaged_image_is_named(self, tmp_path, keep):
        rng = np.random.default_rng(0)
        self.put(tmp_path, "1.png", rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        self.put(tmp_path, "2.png", rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:keep])
        with pytest.raises(SpritesError, match=r"2\.png: image cannot be read.*Fix: save it again"):
            from_folder(tmp_path)

    def test_a_wrong_checksum_is_named(self, tmp_path):
        self.put(tmp_path, "1.png", np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
        content = bytearray((tmp_path / "1.png").read_bytes())
        content[60] ^= 0xFF
        (tmp_path / "1.png").write_bytes(bytes(content))
        with pytest.raises(SpritesError, match=r"1\.png: image cannot be read"):
            from_folder(tmp_path)

    def test_sixteen_bits_are_refused(self, tmp_path):
        Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(tmp_path / "deep.png")
        with pytest.raises(SpritesError, match=r"deep\.png: image is not of 8 bits"):
            from_folder(tmp_path)

    def test_no_images_and_no_folder(self, tmp_path):
        with pytest.raises(SpritesError, match="no images in the folder"):
            from_folder(tmp_path)
        with pytest.raises(SpritesError, match="no such folder"):
            from_folder(tmp_path / "missing")


def write_video(path, frames):
    """Write frames without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "bgr0"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


class TestVideo:
    FRAMES = np.random.default_rng(0).integers(0, 256, (9, 32, 48, 3), dtype=np.uint8)

    @pytest.mark.parametrize(("every", "limit"), [(1, None), (2, None), (3, 2), (1, 4), (4, 100)])
    def test_frames_come_back(self, tmp_path, every, limit):
        write_video(tmp_path / "clip.mkv", self.FRAMES)
        film = from_video(tmp_path / "clip.mkv", every=every, limit=limit)
        assert (film.frames == self.FRAMES[::every][:limit]).all()
        assert film.frames.dtype == np.uint8
        assert "clip.mkv" in film.about

    def test_no_file_and_no_positive_numbers(self, tmp_path):
        with pytest.raises(SpritesError, match="no such file"):
            from_video(tmp_path / "none.mp4")
        write_video(tmp_path / "clip.mkv", self.FRAMES)
        for wrong in ({"every": 0}, {"limit": 0}):
            with pytest.raises(SpritesError, match="not positive"):
                from_video(tmp_path / "clip.mkv", **wrong)

    def test_a_text_is_no_video(self, tmp_path):
        (tmp_path / "clip.mp4").write_text("no video at all\n" * 50)
        with pytest.raises(SpritesError, match=r"clip\.mp4: video cannot be read"):
            from_video(tmp_path / "clip.mp4")

    def test_a_video_cut_off_at_its_head_has_no_frames(self, tmp_path):
        write_video(tmp_path / "clip.mkv", self.FRAMES)
        whole = (tmp_path / "clip.mkv").read_bytes()
        (tmp_path / "clip.mkv").write_bytes(whole[:700])
        with pytest.raises(SpritesError, match=r"clip\.mkv: (no frames of one size|video cannot be read)"):
            from_video(tmp_path / "clip.mkv")

    def test_sound_alone_is_refused(self, tmp_path):
        with av.open(str(tmp_path / "sound.wav"), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            sound.sample_rate = 8000
            container.mux(stream.encode(sound))
            container.mux(stream.encode())
        with pytest.raises(SpritesError, match=r"sound\.wav: no pictures in the file"):
            from_video(tmp_path / "sound.wav")
