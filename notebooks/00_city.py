# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] card="One simulated city: its streets, materials, damage and ground, and how a radar, a satellite and a passer-by see it."
# (00-city)=
# # A city that knows its own truth
#
# Four works take the built world apart: one finds fallen buildings in radar and optical images, one reads building
# materials from photographs, one learns the recurring pieces of a picture, one puts the pieces into a 3-D scene. Each
# claims accuracies, and on real scenes nobody can check the quantity that matters most. Where exactly does the double
# bounce of house 417 lie? Which wall is really of brick? How high is the ground beneath the roof?
#
# This book therefore runs all its methods on one city that is simulated from a seed. Its truth is complete and is
# only ever used to judge. The same chapters run on real footprints and real scenes by changing a parameter.
#
# **Goals.** After this chapter you can
#
# 1. make a simulated city from a seed, or raise one on real footprints;
# 2. say how layout, age, material and damage of its buildings depend on each other;
# 3. explain how its SAR image comes about, from echoes in range bins to a geocoded picture;
# 4. judge how far the simulation resembles real images, and where it does not.
#
# **You need** nothing beyond this project. The chapter takes about half a minute and 1.1 GB of memory.

# %%
from pathlib import Path

import numpy as np

from lib.plots import city as plot_city
from lib.buildings import WALL_MATERIALS, densest_window, read_buildings
from lib.city import make_city, render_facades, render_optical, simulate_sar
from lib.city.windows import centre_window, damage_window
from lib.radar.look import Look
from lib.plots import house_style
from lib.rerun.record import record

house_style()

# %% tags=["parameters"]
footprints: Path | None = (
    None  # real buildings to raise the city on; none: a simulated layout
)
seed: int = 0  # the whole city follows from it [0 to 2147483648]
extent_m: float = 700.0  # side of the simulated city, or of the densest part of the footprints, metres [50 to 100000]
n_buildings: int = 800  # of the simulated layout [1 to 1000000]
incidence_deg: float = 43.1  # radar: angle from the vertical, degrees, as in the letter on QuickQuakeBuildings [1 to 89]
heading_deg: float = (
    350.0  # radar: direction of flight, clockwise from grid north
)
side: str = "right"  # radar: side of the antenna [right | left]

# %% [markdown]
# ## The idea in one picture
#
# A city is made once, then seen in several ways. The layers of {numref}`fig-hero` show the same 280 m: the ground, the
# footprints with the material of their walls, what a camera on a satellite sees, and what a radar sees. All later
# chapters start from some of these layers and try to recover the others.

# %%
real = (
    densest_window(read_buildings(footprints), extent_m) if footprints else None
)
city = make_city(
    seed=seed, extent_m=extent_m, n_buildings=n_buildings, footprints=real
)
look = Look.from_heading(heading_deg, side, incidence_deg)

# %% mystnb={"figure": {"name": "fig-hero", "caption": "One place, four layers, all simulated. The radar image is shifted, leans and throws shadows; no layer fits the others by itself."}, "image": {"alt": "Four tilted sheets above each other: green terrain, coloured footprints, an optical image of houses with shadows, and a grey radar image of the same place."}}
part = centre_window(city, 280.0)
sar, _ = simulate_sar(city, look, bounds=part)
optical = render_optical(city, bounds=part)
plot_city.taken_apart(city, part, optical, sar)

# %% [markdown]
# ## Streets, lots, houses
#
# The city is cut into districts, and each has its own street grid: its own direction, block length and lot size. A
# footprint stands on a lot; three quarters are rectangles, the others L-shaped or around a courtyard. Nothing overlaps.
# The centre and a seventh of the other districts differ from the rest: shops and offices in the one, halls in the other.
#
# What a building is made of is drawn together with its age and its use, as {numref}`fig-walls` and
# {numref}`fig-eras` show. The classes are those of the Danish building register, which *Urban Fabric Decoded*
# {cite}`sun2025urbanfabric` uses.

# %% mystnb={"figure": {"name": "fig-walls", "caption": "Wall materials of the buildings (simulated). Only materials that occur are listed."}, "image": {"alt": "Map of the city: footprints coloured by wall material, roads in light grey, crowns of trees in pale green."}}
record("buildings", len(city.buildings))
plot_city.city_map(city, "wall_material", WALL_MATERIALS)

# %% mystnb={"figure": {"name": "fig-eras", "caption": "Every generation builds differently: share of each wall material among the buildings of an era (simulated)."}, "image": {"alt": "Table of shares in per cent, wall materials by five eras of construction."}}
plot_city.era_table(city)

# %% [markdown]
# ## The earthquake
#
# Shaking is a smooth field. A building falls if shaking, weakness and luck add up to more than in the others: its score
# is
#
# $$
# s = 1.6\,x + f_\text{wall} + 0.18\,n_\text{floors} + \sigma\!\left(\frac{1985 - t}{12}\right) + \varepsilon ,
# $$ (eq-damage)
#
# with the standardised shaking $x$, a term for the wall, the construction year $t$ through the logistic function
# $\sigma$, and logistic noise $\varepsilon$. The share of buildings with the highest scores falls. By default it is
# 4 %, which is what QuickQuakeBuildings {cite}`sun2024quickquakebuildings` found: 169 of 4029. The coefficients are assumptions
# of ours; nothing in the book is tuned on them.

# %% mystnb={"figure": {"name": "fig-damage", "caption": "Which buildings fell, and what share of each wall material (simulated). Beside each material: its number of buildings; a bar over few of them says little."}, "image": {"alt": "Left: map of the city with the fallen buildings in pink. Right: bars with the share that fell, by wall material."}}
record("damaged", int(city.buildings["damaged"].sum()))
record(
    "damaged_percent",
    round(100 * float(city.buildings["damaged"].mean()), 1),
    unit="%",
)
plot_city.damage_map(city)

# %% [markdown]
# Here {glue:text}`damaged` of {glue:text}`buildings` buildings fell, {glue:text}`damaged_percent` %.
#
# ## The ground, and what the processor believes
#
# A radar measures distance, not place. To put an echo on a map, the processor takes the height of the ground from a
# digital elevation model (DEM). Where the DEM is wrong, the echo lands in the wrong place ({doc}`01_geocoding`
# has the formulas). So the city has two grounds: the true terrain, and a DEM with a bias, a smooth random error, and, if
# you ask for it, remains of the buildings themselves.

# %% mystnb={"figure": {"name": "fig-dem", "caption": "By how much the DEM is too high (simulated), with the footprints. The radar echo of each will be placed with this error."}, "image": {"alt": "Map of the DEM error over the city in red and blue, with the outlines of the buildings on it."}}
error_m = (city.dem - city.terrain).to_numpy()
record("dem_bias_m", round(float(error_m.mean()), 1), unit="m")
record("dem_rms_m", round(float(error_m.std()), 1), unit="m")
plot_city.dem_error(city)

# %% [markdown]
# Over the whole grid the error is {glue:text}`dem_bias_m` m on average and scatters by {glue:text}`dem_rms_m` m around
# that.
#
# ## The radar image
#
# The simulator follows Brunner and others {cite}`brunner2010earthquake` and the SARViz simulator
# {cite}`balz2009hybrid`. Rays are parallel. Along each of them, a cell at ground range $u$ and height $z$ is seen if
# $z + u\cot\theta$ is larger than anywhere before it; $\theta$ is the incidence angle. What is seen answers:
#
# - ground, roofs, heaps and crowns by a brightness of their kind, with texture;
# - walls in steps of 15 cm, with bright window reveals and balconies;
# - the corner between a wall and the lit ground before it: all its paths have the same length, so the whole wall
#   answers at its base line. This **double bounce** is strong only for walls within some 15 degrees of the flight
#   direction. A collapsed building has none, but a heap that is rough and spreads some 3 m beyond the walls.
#
# Echoes are summed in bins of range. Then the image is read through the DEM: what has height $z$ at ground range $u$
# appears at
#
# $$
# u' = u - \cot\theta\,\bigl(z - z_\text{dem}(u')\bigr) .
# $$ (eq-range-bin)
#
# Roofs and walls have a large $z$ and lean toward the sensor; a DEM that is too high pushes everything away from it.
# Speckle comes last. It has a gamma distribution with a chosen number of looks, correlated as the resolution demands.

# %% mystnb={"figure": {"name": "fig-sar", "caption": "The simulated radar image with the true footprints (orange): echoes miss them along the direction in which the radar looks."}, "image": {"alt": "Grey radar image of some street blocks; orange outlines of the footprints lie beside the bright lines of the houses."}}
detail = centre_window(city, 140.0)
image, truth = simulate_sar(city, look, bounds=detail)
plot_city.sar_with_footprints(city, image, look)

# %%
record("shift_mean_m", round(float(truth["shift_m"].mean()), 1), unit="m")
record("shift_min_m", round(float(truth["shift_m"].min()), 1), unit="m")
record("shift_max_m", round(float(truth["shift_m"].max()), 1), unit="m")

# %% [markdown]
# The truth that comes with the image says how far each double-bounce line lies from its wall: between
# {glue:text}`shift_min_m` and {glue:text}`shift_max_m` m, {glue:text}`shift_mean_m` m on average. Registration
# (`lib.registration`) has to find these numbers without being told.
#
# Now walk around the block. Only walls that face the sensor draw a line, so every flight direction shows other walls,
# and steep looks (small incidence angles) lean the houses farther over.

# %%
from lib.interactive import explore


def fly_past(heading_deg, incidence_deg):
    view, block = (
        Look.from_heading(heading_deg, side, incidence_deg),
        centre_window(city, 110.0),
    )
    picture, _ = simulate_sar(
        city, view, bounds=block, pixel_m=0.6, resolution_m=0.8
    )
    return plot_city.sar_with_footprints(city, picture, view, width_in=4.6)


alt = "Simulated radar image of some blocks with footprints and the direction of the radar"
explore(
    fly_past,
    alt=alt,
    heading_deg=[0, 60, 120, 180, 240, 300],
    incidence_deg=[30, 43.1, 55],
)

# %% [markdown]
# ## The optical image and the facades
#
# The camera looks nearly straight down, 6.3 degrees off, as the one in QuickQuakeBuildings did: roofs move a little from
# their footprints. The sun throws shadows by the same running maximum that hides the radar's. Street-view-like pictures
# of single facades come with the material of the wall as their label, and with what makes real ones hard: trees, cars,
# oblique views, odd exposures.

# %% mystnb={"figure": {"name": "fig-optical", "caption": "The same blocks from a satellite's camera at 0.31 m (simulated). Outlined: buildings that fell, now heaps of rubble."}, "image": {"alt": "Optical image of street blocks with roofs in several colours, trees, roads, cast shadows and heaps of rubble."}}
plot_city.optical_view(
    city, render_optical(city, bounds=damage_window(city, 140.0))
)

# %% mystnb={"figure": {"name": "fig-facades", "caption": "Facades of the wall materials that occur, one standing building each (simulated). Fibre cement with and without asbestos can hardly be told apart, which is so in life as well."}, "image": {"alt": "Small street pictures of house fronts, each labelled with its wall material."}}
standing = city.buildings[~city.buildings["damaged"].astype(bool)]
chosen = standing.drop_duplicates("wall_material").set_index("wall_material")[
    "building_id"
]
fronts = render_facades(city, chosen.reindex(WALL_MATERIALS[:10]).dropna())
plot_city.image_grid(
    [front.image for front in fronts], [front.label for front in fronts]
)

# %% [markdown]
# ## Beside real images
#
# A simulation can be pleasing and wrong. Three checks, with the same functions for the simulated and the real image:
# (a) how bright a built-up area is, in percentiles relative to the median, against a real Capella chip at 2.5 m; the
# bright tail counts most, because double-bounce detection lives on it; (b) the speckle of windows without structure,
# against a real Umbra image; (c) the place of layover edge, double bounce and shadow of a single building, against the
# formulas. The strengths of echoes were set on cities of the seeds 0 to 7; the four compared here have the seeds 400 to
# 403. Resolution and number of looks in (b) are not findings: they were set to resemble the real image. What the check
# can show is whether their spread and the correlation farther out follow.

# %%
from lib.city import realism
from lib.city.lone import lone_building

others = [make_city(seed=400 + k) for k in range(4)]
one_look = {"pixel_m": 2.5, "resolution_m": 2.5, "looks": 1}
chips = [simulate_sar(other, look, **one_look)[0] for other in others]
chips_db = np.array([realism.relative_percentiles(chip) for chip in chips])
real_db, measured_now = realism.real_chip()

# %%
plain = {"pixel_m": 0.594, "resolution_m": 0.85, "looks": 3}
grounds = [simulate_sar(other, look, **plain)[0] for other in others]
powers = [10 ** (ground / 10) for ground in grounds]
speckle = realism.speckle_of(powers, dimmest=np.sqrt(10**-1.5))
real_speckle, _ = realism.real_spotlight()
house = lone_building(look, dem_bias_m=6.0)
alone, _ = simulate_sar(house, look, missing_double_bounce=0)

# %% mystnb={"figure": {"name": "fig-realism", "caption": "The simulation beside real images. (a) Percentiles of four cities; the band is 3 dB wide on either side. (b) The number of looks, set to the real median, spreads less than the real one. (c) A single house 12 m high: brightness along range, and where the formulas put its marks."}, "image": {"alt": "Three panels: percentiles of brightness with a band of plus and minus 3 dB, cumulated numbers of looks, and a profile of brightness along range with three lines."}}
marks = plot_city.marks(house, look)
profile = plot_city.section(alone, house, look)
plot_city.realism(chips_db, real_db, speckle, real_speckle, profile, marks)

# %%
record("chip_measured_now", measured_now)
record("tail_simulated_db", chips_db[:, -1].mean().round(1), unit="dB")
record("tail_real_db", real_db[-1].round(1), unit="dB")
record("largest_gap_db", np.abs(chips_db - real_db).max().round(1), unit="dB")
record("looks_simulated", speckle.looks[0].round(2))
record("looks_real", real_speckle.looks[0].round(2))
record("looks_simulated_99", speckle.looks[2].round(2))
record("looks_real_99", real_speckle.looks[2].round(2))
record("windows_simulated", len(speckle.windows))
record("lag_1_simulated", round(speckle.correlation[0], 2))
record("lag_1_real", round(real_speckle.correlation[0], 2))
record("lag_2_simulated", round(speckle.correlation[1], 2))
record("lag_2_real", round(real_speckle.correlation[1], 2))
brightest_m = profile[0][profile[1].argmax()]
record(
    "line_offset_m", round(brightest_m - marks["double bounce"], 2), unit="m"
)

# %% [markdown]
# The 99.9th percentile lies {glue:text}`tail_simulated_db` dB above the median in the simulated cities and
# {glue:text}`tail_real_db` dB in the real chip; over all percentiles and cities the largest gap is
# {glue:text}`largest_gap_db` dB. In (c) the brightest line lies {glue:text}`line_offset_m` m from where the formula puts it;
# the tests of the simulator check line, layover edge and end of shadow to a pixel of 0.35 m, in four directions of flight.
#
# **What does not match.** The typical number of looks is {glue:text}`looks_simulated` ({glue:text}`windows_simulated` windows)
# against {glue:text}`looks_real`, as it was set, but it spreads less: its 99th percentile is
# {glue:text}`looks_simulated_99` in the simulation and {glue:text}`looks_real_99` in the real image, whose windows differ in
# slope and processing. Neighbouring pixels are correlated by {glue:text}`lag_1_simulated` against {glue:text}`lag_1_real`,
# pixels two apart by {glue:text}`lag_2_simulated` against {glue:text}`lag_2_real`: part of what remains at that distance in the
# simulation is texture of the ground, not speckle. The simulator has
# no side lobes, so bright corners draw no crosses. Roofs are flat. Rays bounce at most twice and are parallel, and moving
# cars do not smear. A method that does well here has passed a necessary test, not a sufficient one; no accuracy
# on this city is an accuracy on a real one.
#
# ## What could go wrong
#
# Some elevation models are *surface* models: houses are still in them, here smeared over 4 m only. Then every house is
# geocoded with its own roof, and its image bends and tears.

# %% mystnb={"figure": {"name": "fig-leakage", "caption": "A surface model used as terrain model breaks the picture (simulated): left with the smooth DEM, right with the houses left in it. Straight lines bend and stray farther from their walls."}, "image": {"alt": "Two radar images of the same blocks; in the right one the houses are bent and farther from their outlines."}}
same = {"seed": seed, "extent_m": extent_m, "n_buildings": n_buildings}
surface_model = {"dem_leakage": 1.0, "dem_leakage_blur_m": 4.0}
leaky = make_city(**same, footprints=real, **surface_model)
close = centre_window(city, 75.0)
pair = [simulate_sar(town, look, bounds=close)[0] for town in (city, leaky)]
plot_city.side_by_side(city, pair, ["smooth DEM", "surface model as DEM"])

# %% [markdown]
# ## Beside the paper
#
# | | QuickQuakeBuildings | this city | differs because |
# |---|---|---|---|
# | buildings | 4029 | {glue:text}`buildings` | size of the default run; a parameter |
# | damaged | 169 (4.2 %) | {glue:text}`damaged` ({glue:text}`damaged_percent` %) | rounded to 4 %; a parameter |
# | SAR pixel, incidence angle | 0.35 m, 43.1° | the same | |
# | optical off-nadir angle | 6.3° | the same | |
# | shift of a building | about 10.7 m for 10 m of DEM error | {glue:text}`shift_mean_m` m on average | smaller DEM error here |
# | truth of each shift | not known; edited by hand | known | simulated |
#
# ## Run it on your own footprints
#
# Any GeoPackage, GeoJSON, GeoParquet, Shapefile or CityJSON file will do; heights and materials that it holds are kept,
# the others are drawn. Of a large file the densest part of `extent_m` is used and the rest is left out. Damage is drawn as
# well where the column `damaged` is missing: in the preset of Islahiye the footprints are real and all of them were
# destroyed, but which of them fall here is simulated, so that standing neighbours can be compared.
#
# ```bash
# companion run 00_city -p footprints=my_buildings.gpkg -p heading_deg=190 -p side=left
# companion run 00_city --preset islahiye   # the real buildings destroyed in Islahiye on 6 February 2023
# companion run 00_city --preset delft      # real block models of Delft, with their real heights
# ```
#
# ## Exercises
#
# 1. Which of the two DEM errors, the bias or the scatter, makes registration hard? Make a city with each and compare
#    the shifts in `truth`.
#
# ```{dropdown} Solution
# A bias moves all buildings by the same amount and is removed by one shift of the whole image. Scatter moves them
# differently:
#
#     for bias, rms in ((6, 0), (0, 2)):
#         trial = make_city(dem_bias_m=bias, dem_rms_m=rms, relief_m=0)
#         print(simulate_sar(trial, look)[1]["shift_m"].std())
# ```
#
# 2. Double the number of looks. Which percentiles in {numref}`fig-realism` (a) change, and which do not?
#
# ```{dropdown} Solution
# The dark ones rise, because deep speckle disappears. The bright tail hardly moves: it comes from corners, not from
# speckle.
# ```
#
# 3. Fly along the streets of a district and across them. How does the share of walls with a bright line change?
#
# ```{dropdown} Solution
# A wall has a strong double bounce only if it runs along the flight direction. Flying along the streets lights up long
# rows of fronts at once; at 45 degrees to them nearly all lines vanish. Radar people call it the cardinal effect.
# ```
#
# ## Takeaways
#
# - A seed makes the whole city, or real footprints are furnished with what they lack; the same seed gives the same
#   pixels, whole or in tiles.
# - Age, use, material, height and damage are drawn together, so methods cannot win by ignoring one of them.
# - Radar echoes are summed by range and then placed with a DEM; everything that is shifted, leans or hides follows from
#   that.
# - Brightness, speckle and geometry agree with real images within stated limits, and the limits are part of the result.
