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

# %% [markdown]
# (01-geocoding)=
# # Where a height error moves a building
#
# Lay the footprints of a city on a geocoded radar image, and they do not fit. The authors of QuickQuakeBuildings
# {cite}`sun2024quickquakebuildings` saw this in Islahiye: the optical image agreed with the map, the radar image missed
# it by many metres, and not everywhere by the same amount. The map was right and so was the radar. What was wrong is the
# height of the ground that joins them.
#
# This chapter explains that one mechanism from the ground up. The same few lines of trigonometry say where a wrong height
# sends a point, why houses lean toward the radar, where the bright line at their feet comes from, and how long their
# shadows are. Registration, later, turns all this around: it reads the height error off the misfit.
#
# **Goals.** After this chapter you can
#
# 1. turn a height error into a slant-range error, a shift on the ground and a shift in pixels, with the right signs for
#    all four look geometries;
# 2. predict where facade, roof, double bounce and shadow of a building appear;
# 3. read the look of a real product from its metadata, counted from the north of the grid;
# 4. say how far the flat formula is from exact orbit geometry, and when it is good enough;
# 5. recognise five ways of misreading an acquisition by what they do to a building.
#
# **You need** the sine and the cotangent, and nothing else of this book. The chapter takes about half a minute and less
# than 1 GB of memory.

# %%
from pathlib import Path

import numpy as np

from lib import geocoding
from lib.geocoding import walkthrough
from lib.plots import flat_earth as plot_flat_earth
from lib.plots import geometry as plot_geometry
from lib.plots import signature as plot_signature
from lib.geocoding.acquisition import load_acquisition
from lib.buildings import read_buildings
from lib.city import simulate_sar
from lib.city.lone import lone_building
from lib.geocoding import Look
from lib.radar.geodesy import meridian_convergence
from lib.interactive import explore
from lib.plots import house_style
from lib.rerun.record import record
from lib.geocoding.flat_earth import check_height_error
from lib.geocoding.range_profile import off_formula
from lib.geocoding.signature import range_zones

house_style()

# %% tags=["parameters"]
metadata: Path | None = None  # of a Capella product; none: a real one
footprints: Path | None = None  # real buildings; none: a simulated tower
incidence_deg: float = (
    43.1  # from the vertical; metadata go before it [1 to 89]
)
heading_deg: float = 350.0  # clockwise from grid north; likewise
side: str = "right"  # of the antenna; likewise [right | left]
dh_m: float = 10.0  # height used minus true height, metres
pixel_m: float = 0.35  # pixel of the geocoded image, metres
reach_m: float = 30.0  # longest of layover and shadow of the building, metres
geoid_m: float = 20.0  # height of the geoid above the ellipsoid, metres

# %% [markdown]
# Two angles describe how the radar looks at a place: the **incidence angle** $\theta$ between the vertical and the line
# of sight, and the direction $\alpha$ in which range grows on the ground, away from the sensor, clockwise from grid north.
# A `Look` holds the two. It can be made from a heading and a side, or read from the metadata of a product; the chapter does
# the first for its drawings and simulations, unless you hand it metadata of your own. The acquisition that is read here
# serves later, when the simple formulas are held against its orbit.

# %%
check_height_error(dh_m)
acquisition = load_acquisition(metadata)
look = Look.from_heading(heading_deg, side, incidence_deg)
look = acquisition.look if metadata else look
record("acquisition", acquisition.source)
record("orbit_kind", acquisition.orbit_kind)
record("made_up", acquisition.made_up)
print(look)

# %% [markdown]
# ## The idea in one picture
#
# A radar is a clock. It sends a pulse and notes when the echo returns; in which direction along the slant plane the echo
# was born, the clock cannot tell. All points that are equally far from the sensor, the dashed line in {numref}`fig-section`,
# are one and the same to it. To draw a map, the processor has to pick one point of that line, and it picks the one at the
# height that the elevation model claims. If the model is too high, the line meets the claimed height farther away from the
# sensor, and that is where the echo is drawn.

# %% mystnb={"figure": {"name": "fig-section", "caption": "A height used that is too high pushes a point away from the sensor, which is on the left; one that is too low pulls it nearer. The range of the true point (green) is kept; where it meets the height used, there the point appears (orange). The counterpart of figure 3 (a) of the letter, to scale."}, "image": {"alt": "Section along ground range. A line of sight comes from the upper left to the true point on the green line of true height. A dashed line of equal range rises to the right; where it meets the orange line of the height used, some metres aside, the point appears. Arrows measure the height error, the range error and the ground shift."}}
figure = plot_geometry.shift_section(look, dh_m)
# %% [markdown]
# ## The mathematics
#
# Let the height error be the height used minus the true height,
#
# $$
# \delta H = z_\text{used} - z_\text{true} .
# $$ (eq-height-error)
#
# So near to the target the wave fronts are flat, and the triangle in {numref}`fig-section` has right angles where it seems
# to. The processor believes that the true point stood $\delta H$ higher than it does, which would have made its range
# shorter by
#
# $$
# \delta L = \delta H \cos\theta ,
# $$ (eq-range-error)
#
# and it makes up for that by going outward until the range fits:
#
# $$
# \delta G = \delta H \cot\theta .
# $$ (eq-ground-shift)
#
# Both are in figure 3 (a) of the letter. Along which direction? Along ground range, whose unit vector in (easting,
# northing) is
#
# $$
# \begin{aligned}
# \mathbf g &= (\sin\alpha, \cos\alpha), \\
# \alpha &= \text{heading} \pm 90^\circ ,
# \end{aligned}
# $$ (eq-range-direction)
#
# with plus for a radar that looks right and minus for one that looks left. In the pixels of a north-up image of pixel size
# $a$, where rows count downward, the shift is
#
# $$
# \begin{aligned}
# \delta x &= \frac{\delta G \sin\alpha}{a}, \\
# \delta y &= -\frac{\delta G \cos\alpha}{a} ,
# \end{aligned}
# $$ (eq-pixel-shift)
#
# the counterpart of figure 3 (b). On a rotated grid, as Umbra delivers, the inverse of the grid's 2 x 2 matrix takes the
# place of the two divisions; `pixel_shift` always does it so.
#
# ## The letter's number
#
# The scene of Islahiye has an incidence angle of 43.1 degrees. The letter says that a height error of 10 m shifts a
# building by 10.69 m. Here are the same numbers, from the functions that the rest of the book uses:

# %%
letter = Look(43.1, look.range_azimuth_deg)
numbers = {
    "letter_dl_m": float(geocoding.height_error_to_range(10.0, letter)),
    "letter_dg_m": np.hypot(*geocoding.ground_shift(10.0, letter)),
    "letter_layover_m": np.hypot(*geocoding.layover_vector(50.0, letter)),
    "letter_shadow_m": np.hypot(*geocoding.shadow_vector(50.0, letter)),
}
for name, metres in numbers.items():
    record(name, metres, unit="m")
{name: round(metres, 3) for name, metres in numbers.items()}
# %% [markdown]
# The range is off by {glue:text}`letter_dl_m:.2f` m and the place on the ground by {glue:text}`letter_dg_m:.2f` m: the
# published number. At this angle sine and cosine are nearly equal, so an error in height turns into an error on the ground
# of about the same size. Take that as the rule of thumb: *at 45 degrees, a metre is a metre*.
#
# What the rule hides is the direction. The same height error moves a building to the upper right in one scene and to the lower left
# in the next, as {numref}`fig-four` shows. Code that is right in one of the four geometries and wrong in the others passes
# every test on a single scene; so this book tests all four.

# %% mystnb={"figure": {"name": "fig-four", "caption": "One height error, four directions. North is up; the black arrow is the flight, the grey one the look. The shift points along range: away from the sensor if the height used is too high, toward it if too low. Columns and rows are those of a north-up image with square pixels. The counterpart of figure 3 (b) of the letter."}, "image": {"alt": "Four small maps for headings 350 and 190 degrees, looking right and left. In each an arrow leads from the true point to its place in the image, along the line of range, with the shift in columns and rows written below."}}
figure = plot_geometry.four_geometries(look.incidence_deg, dh_m, pixel_m)
# %% [markdown]
# ## Small angles suffer most
#
# The cotangent falls steeply. A radar that looks nearly straight down, at a small incidence angle, turns small errors in
# height into large ones on the ground; one that looks far sideways hardly notices them. {numref}`fig-curve` marks the
# letter's scene and two real Capella products whose metadata are in the data manifest. The steep one, at 23 degrees, would
# need an elevation model more than twice as good for the same agreement with a map. The price of a far sideways look is
# shadow, which grows with the tangent: you may choose what to lose.

# %% mystnb={"figure": {"name": "fig-curve", "caption": "The shift grows with the cotangent of the incidence angle, so steep looks suffer most. Dots: angles of real acquisitions."}, "image": {"alt": "A falling curve of the ground shift over incidence angles from 15 to 65 degrees, with three marked points: a Capella SLC product at 23 degrees, a Capella GEO product at 38.2 degrees and the letter's scene at 43.1 degrees."}}
marks = {"Capella SLC": 22.998, "Capella GEO": 38.2315}
marks["the letter's scene"] = 43.1
figure = plot_geometry.shift_curve(marks)
# %% [markdown]
# Try it. The section on the left keeps the range while you change the angle and the height; the plan on the right turns
# with the heading. Notice that a negative error, a model that is too low, pulls the point toward the sensor, and that the
# heading changes nothing in the section.

# %%
explore(
    plot_geometry.shift_views,
    alt="Section and plan of a point that is geocoded with a wrong height",
    incidence_deg=[25, 35, 43.1, 50, 60],
    height_error_m=[-10, -5, 5, 10],
    heading_deg=[190, 280, 350, 10, 100],
)

# %% [markdown]
# ## One building, step by step
#
# A building is full of height errors on purpose. The elevation model describes the ground, so everything that stands on it
# has been geocoded with a height that is too low by its own height above ground: a point at height $h$ is shifted by
#
# $$
# \mathbf l = -h \cot\theta \; \mathbf g ,
# $$ (eq-layover)
#
# toward the sensor. That is **layover**, and it is the same law as {eq}`eq-ground-shift` with $\delta H = -h$. Behind the
# building no ray reaches the ground over a length of
#
# $$
# \mathbf s = h \tan\theta \; \mathbf g ,
# $$ (eq-shadow)
#
# the **shadow**. Let us watch both on a building in a simulated image. It is so high that the longer of the
# two measures 30 m, and stands on a plain whose elevation model is perfect: nothing but the building is out of place.

# %%
height_m = reach_m * min(look.tan, look.cot)
record("height_m", height_m, unit="m")
tower = lone_building(look, height_m=height_m, depth_m=16.0, width_m=34.0)
if footprints:
    tower = walkthrough.clearest_building(read_buildings(footprints), height_m)
image, _ = simulate_sar(tower, look, missing_double_bounce=0.0)
building = tower.buildings.geometry.iloc[0]
walked = range_zones(
    0.0, walkthrough.depth_along(building, look), height_m, look
)
begins = {
    True: "at the base line, since the roof that ought to be there has moved away",
    False: "behind the roof, which is deep enough to stay over a part of its own footprint",
}
record("dark_begins", begins[walked.base_starts_dark])

# %% [markdown]
# First the image and the true footprint, nothing else. Before you read on, decide for yourself which of the two sides the
# radar looks from, and what the bright grid to one side of the footprint may be.

# %% mystnb={"figure": {"name": "fig-walk-1", "caption": "The footprint (green) on the image (simulated). What belongs to the building is mostly elsewhere."}, "image": {"alt": "Simulated radar image. A green outline of the footprint; beside it a bright patch with a grid of points on one side, and a black area on the other side."}}
steps = ["footprint"]
axes = plot_signature.signature_map(image, building, height_m, look, steps)
axes = plot_signature.label_parts(axes, building, height_m, look, ["footprint"])
# %% [markdown]
# The bright grid is the front of the building, laid over the ground before it: the window frames of the upper floors lie
# farthest out. Equation {eq}`eq-layover` says how far, and for the roof as well, which is flat and so simply moves as a
# whole. In a tall and narrow building it ends up inside the facade.

# %% mystnb={"figure": {"name": "fig-walk-2", "caption": "Facade and roof appear before the building (simulated; blue dashes: where the formula puts them). The eaves lie farthest toward the sensor."}, "image": {"alt": "The same image; blue dashed outlines of the displaced roof and facade enclose the bright patch exactly."}}
steps += ["layover"]
axes = plot_signature.signature_map(image, building, height_m, look, steps)
axes = plot_signature.label_parts(axes, building, height_m, look, ["facade"])
# %% [markdown]
# Between the bright patch and the dark one runs a line that outshines everything. Wall and ground form a corner there, and
# a ray that hits one, then the other, always returns the way it came. Every such path is exactly as long as the direct path
# to the foot of the wall, whichever point of wall or ground it touches first, so the echoes of the whole wall gather in one
# line:
#
# $$
# \mathbf b = \mathbf e + \delta G \, \mathbf g ,
# $$ (eq-double-bounce)
#
# where $\mathbf e$ runs along the **near-range edge** of the footprint, the one that faces the sensor. The line
# stands at ground level, so it does not lean; only an error of the elevation model moves it. This is the feature that
# footprint and image have in common, and registration rests on it.

# %% mystnb={"figure": {"name": "fig-walk-3", "caption": "The double bounce lies on the near-range edge of the footprint (simulated; blue line: where the formula puts it). No height of the building enters."}, "image": {"alt": "The same image; a solid blue line along the edge of the footprint that faces the sensor, at the boundary between bright and dark."}}
steps += ["double bounce"]
axes = plot_signature.signature_map(image, building, height_m, look, steps)
axes = plot_signature.label_parts(axes, building, height_m, look, ["line"])
# %% [markdown]
# The rest is darkness. Here it begins {glue:text}`dark_begins`, and ends where the first ray over the far eaves reaches the
# ground.

# %% mystnb={"figure": {"name": "fig-walk-4", "caption": "Darkness reaches to the end of the shadow (simulated; dots: where the formula begins and ends it). The signature is complete."}, "image": {"alt": "The same image; a dotted blue outline encloses the black area."}}
steps += ["shadow"]
axes = plot_signature.signature_map(image, building, height_m, look, steps)
axes = plot_signature.label_parts(axes, building, height_m, look, ["dark"])
# %% [markdown]
# ### Along range, with numbers
#
# Outlines that look right may still be a metre off. {numref}`fig-profile` shows the mean power along range through the
# middle of a tower and of a hall, which is low and wide. Orange dots were found in the curve itself, without
# knowing the building: the brightest line, the place before it where the curve falls apart into a low and a high level, and
# the two ends of the dark floor behind it. A mark that does not stand out is withheld. Blue is what the formulas say.
#
# The hall is a reminder. Its roof is deeper along range than the layover is long, $d > h \cot\theta$, so the roof still
# covers most of its own footprint, and **no darkness begins at the base line**: there is only a step from facade and roof
# together to the roof alone. A detector that looks for "bright, then black" misses such buildings, and cities are full of
# them.

# %% mystnb={"figure": {"name": "fig-profile", "caption": "What the formulas say (blue) and the marks found in the image (orange), along range (simulated); a mark that cannot be found reliably is left out. Above a tall, narrow building, below a low, wide one, whose dark zone begins far behind its base."}, "image": {"alt": "Two curves of power over ground range. Each has a raised facade part, a sharp peak at zero, a dark floor and a step back up; bars above name facade, roof and dark zone. In the lower curve a roof level lies between the peak and the dark floor."}}
pair = {
    "tall and narrow": lone_building(
        look, height_m=height_m, depth_m=16.0, width_m=34.0
    ),
    "low and wide": lone_building(
        look, height_m=7.0, depth_m=50.0, width_m=34.0
    ),
}
cases = plot_signature.profile_cases(pair, look)
figure = plot_signature.profile_figure(cases)
# %%
for title, _, zones, found in cases:
    name = title.split(" ")[0]
    for part, off_m in off_formula(found, zones).items():
        seen = np.isfinite(off_m)
        record(f"{name}_{part}_off", f"{off_m:.2f} m" if seen else "not found")
        if seen:
            record(f"{name}_{part}_off_m", off_m, unit="m")

# %% [markdown]
# How far the marks are from the formulas:
#
# | | tall and narrow | low and wide |
# |---|---|---|
# | edge of the layover, {eq}`eq-layover` | {glue:text}`tall_layover_off` | {glue:text}`low_layover_off` |
# | line, {eq}`eq-double-bounce` | {glue:text}`tall_line_off` | {glue:text}`low_line_off` |
# | end of the shadow, {eq}`eq-shadow` | {glue:text}`tall_shadow_off` | {glue:text}`low_shadow_off` |
#
# A pixel of these images is 0.35 m. The edge of the layover is the hardest to find, since the wall is not everywhere
# brighter than the ground; under steep looks it can be missed by metres. Where no line stands out, no mark is looked for at
# all. The simulator computes with echoes and ranges and not with these formulas, so the comparison is
# a check of both; but both take rays to be parallel, and the next section asks what that costs.
#
# ## Against exact orbit geometry
#
# Equation {eq}`eq-ground-shift` takes the Earth to be flat, the wave fronts to be planes, and the flight to be level. None
# of that is true of a satellite. The exact calculation needs none of it: find the moment at which the sensor passes the true point abeam,
# when its velocity $\mathbf v$ is at right angles to the line of sight (zero Doppler), and note the distance; then find the
# point that has the same distance at the same moment, but the wrong height above the ellipsoid:
#
# $$
# \begin{aligned}
# \mathbf v \cdot (\mathbf p - \mathbf s) &= 0, \\
# \lVert \mathbf p - \mathbf s \rVert &= R, \\
# h(\mathbf p) &= z_\text{used} .
# \end{aligned}
# $$ (eq-exact)
#
# Here $\mathbf s$ is the sensor, $R$ the distance and $\mathbf p$ the point in the image. `exact_shift` solves this by Newton's
# method for any number of points. The orbit comes from the state vectors in the metadata, joined by cubics.

# %%
from lib.geocoding.flat_earth import flat_enough_dh_m, flat_error_map
from lib.radar.orbits import exact_shift, interpolation_error_mm

lon, lat, true_m = acquisition.centre
orbit, crs = acquisition.orbit, acquisition.crs
exact = np.array(exact_shift(lon, lat, true_m, true_m + dh_m, orbit, crs))
flat = np.array(geocoding.ground_shift(dh_m, acquisition.look))
record("exact_east_m", exact[0], unit="m")
record("exact_north_m", exact[1], unit="m")
record("exact_east_north", f"({exact[0]:+.3f}, {exact[1]:+.3f}) m")
record("flat_off_cm", 100 * np.linalg.norm(flat - exact), unit="cm")
record("dh_m", dh_m, unit="m")
record("state_vectors", len(orbit.times))
record("orbit_mm", interpolation_error_mm(orbit), unit="mm")
print(f"exact {exact.round(4)} m, flat {flat.round(4)} m")
# %% [markdown]
# This run uses {glue:text}`orbit_kind`. It has {glue:text}`state_vectors` state vectors; when every second one is left out,
# the cubics restore it to {glue:text}`orbit_mm:.2f` mm. At the scene centre the exact shift for
# {glue:text}`dh_m:+g` m is {glue:text}`exact_east_north` in (easting, northing), and the flat formula with the
# look of the metadata is {glue:text}`flat_off_cm:.2f` cm away from it. {numref}`fig-map` shows the same over a scene.

# %% mystnb={"figure": {"name": "fig-map", "caption": "The error of the flat formula over 5 km; above each map its largest value. Left: one look for the whole scene, so the error grows along range as the true incidence angle changes. Right: the look of each point; what remains is a turn, if the satellite rises or sinks."}, "image": {"alt": "Two maps of 5 by 5 km in one colour scale. In the left one the error is small along a band through the centre and grows to both sides along the range direction; the right one is nearly uniform."}}
errors = flat_error_map(
    acquisition.centre, orbit, acquisition.look, crs, dh_m=dh_m
)
span_deg = float(errors.incidence_deg.max() - errors.incidence_deg.min())
centre_m = float(errors.local_m.sel(east=0, north=0))
record("incidence_span_deg", span_deg, unit="deg")
record("local_off_cm", 100 * centre_m, unit="cm")
record("turn_deg", np.degrees(centre_m / np.linalg.norm(exact)), unit="deg")
figure = plot_flat_earth.error_maps(errors, acquisition.look)
# %% [markdown]
# Two things are to be seen. The incidence angle changes by {glue:text}`incidence_span_deg:.2f` degrees over the map, and with
# one angle for all, that is the larger part of the error. Taking the angle at each point removes it. What remains on the
# right is a turn of the shift, at the centre by {glue:text}`turn_deg:.3f` degrees in this run: the line of sight at zero
# Doppler is at right angles to the velocity in space, and if the satellite also rises or sinks, by some metres per second
# as real ones do, the shift along the ground points slightly aside. A pass that is made up to fly level hardly turns it.
# The real one below shows it; there the heading of the metadata, used on the left, comes nearer to the direction of the
# shift than the line of sight does.
#
# When is the flat formula enough? Its error is proportional to the height error. Half a pixel is a fair limit:

# %% mystnb={"figure": {"name": "fig-growth", "caption": "The largest error of the flat formula over 5 km grows with the height error; it reaches half a pixel where the lines cross."}, "image": {"alt": "Two straight lines of largest error over height error, a steep one for one look for the scene and a shallow one for the look of each point, and a horizontal line at half a pixel."}}
worst = {
    "scene": float(errors.scene_m.max()),
    "local": float(errors.local_m.max()),
}
for name, worst_m in worst.items():
    enough_m = flat_enough_dh_m(errors[f"{name}_m"], dh_m, pixel_m / 2)
    record(f"worst_{name}_cm", 100 * worst_m, unit="cm")
    record(f"enough_{name}_m", enough_m, unit="m")
rates = {
    "one look for the scene": worst["scene"] / abs(dh_m),
    "look of each point": worst["local"] / abs(dh_m),
}
figure = plot_flat_earth.error_growth(rates, pixel_m / 2)
# %% [markdown]
# Here is this run beside a real scene, that of the Capella product in the data manifest:
#
# | | measured once on the real file | this run |
# |---|---|---|
# | height error | +10 m | {glue:text}`dh_m:+g` m |
# | exact shift (east, north) | (-7.335, +10.352) m | {glue:text}`exact_east_north` |
# | flat formula at the centre, look of the metadata | 1.3 cm off | {glue:text}`flat_off_cm:.2f` cm off |
# | flat formula at the centre, line of sight | 3.3 cm off | {glue:text}`local_off_cm:.2f` cm off |
# | turn at the centre | 0.147° | {glue:text}`turn_deg:.3f`° |
# | largest over 5 km, one look | 11.7 cm | {glue:text}`worst_scene_cm:.1f` cm |
# | largest over 5 km, look of each point | 3.7 cm | {glue:text}`worst_local_cm:.1f` cm |
# | half a pixel is reached at, one look | 15 m | {glue:text}`enough_scene_m:.0f` m |
# | the same, look of each point | 48 m | {glue:text}`enough_local_m:.0f` m |
#
# The real product is seen at 38.2 degrees. A steeper look has larger errors: for the SLC product of the manifest, at 23
# degrees, one look for 5 km is up to 36 cm off at a height error of 10 m. Compare the last two rows with what your elevation
# model leaves over: where the error of the model is smaller, the flat formula is enough. For layover of tall towers, with
# 100 m and more, use the look of each point.
#
# ## What could go wrong
#
# The formulas are simple; the metadata are where it fails, and most failures are silent. The first one is so common that the
# library refuses it. "Ascending" is half of an orbit, not a direction:

# %%
from lib.errors import LookError

try:
    Look.from_capella({"collect": {"state": {"direction": "ascending"}}})
except LookError as error:
    print(error.where, error.what, error.fix, sep="\n")

# %% [markdown]
# The others cannot be refused, because the numbers look right. {numref}`fig-wrong` shows what each does to the prediction for
# our building:
#
# - **True north for grid north.** A UTM grid's north differs from true north by the meridian convergence, at this building by
#   {glue:text}`convergence_deg:.2f` degrees. The error is small, and so it survives every look at a picture. A heading that is taken at the satellite rather
#   than at the target, some hundred kilometres away, does the same.
# - **Heading guessed.** A pass at 350 degrees and one at 55 degrees, as of the real product, are both ascending. Drawn is a
#   guess that is 65 degrees off.
# - **Wrong side.** Layover goes where the shadow should be.
# - **Look angle for incidence angle.** The look angle is measured at the satellite, and is smaller by some degrees because the
#   Earth is round. Metadata give both.
# - **Geoid for ellipsoid.** Orbits know the ellipsoid, elevation models mostly count from the geoid. Between the two lie up to
#   100 m; forget them and the whole city moves.

# %% mystnb={"figure": {"name": "fig-wrong", "caption": "Five misreadings of one acquisition, and how far each puts the top of the building off (simulated). Dashes: predicted facade and roof; solid line: predicted double bounce."}, "image": {"alt": "Six copies of the simulated building. In the first, blue outlines fit the bright facade. In the others orange outlines are slightly turned, strongly turned, on the wrong side, too long, and moved as a whole."}}
place = tower.buildings.centroid.to_crs(4326).iloc[0]
readings = walkthrough.misreadings(look, place.x, place.y, tower.crs, geoid_m)
convergence_deg = meridian_convergence(place.x, place.y, tower.crs)
record("convergence_deg", convergence_deg, unit="deg")
figure = plot_signature.misread_maps(image, building, height_m, look, readings)

# %% [markdown]
# ## Beside the paper
#
# | | published | ours | differs because |
# |---|---|---|---|
# | ground shift, 43.1°, 10 m (section II-B) | 10.69 m | {glue:text}`letter_dg_m:.2f` m | agrees |
# | slant-range error (figure 3) | formula only | {glue:text}`letter_dl_m:.2f` m | the letter gives no number |
# | layover of 50 m (section II-C) | used | {glue:text}`letter_layover_m:.2f` m | the letter gives no number |
# | shadow of 50 m | not given | {glue:text}`letter_shadow_m:.2f` m | the letter does not use shadow |
# | exact orbit geometry | not given | see {numref}`fig-map` | the letter registers by features instead |
#
# ## Run it on your own data
#
# Hand the chapter the extended metadata of a Capella product, or the GeoTIFF itself. Its look then replaces the letter's in
# all drawings and simulations, and its orbit is the one that is mapped. If you add footprints, the clearest of them is walked
# through.
#
# ```bash
# companion run 01_geocoding -p metadata=my_extended.json
# companion run 01_geocoding -p metadata=my_image.tif -p dh_m=-4
# companion run 01_geocoding -p footprints=my_buildings.gpkg
# companion run 01_geocoding --preset islahiye
# ```
#
# The last one walks through the footprint of a building that fell in Islahiye, under the look of a real Capella product.
#
# ## Exercises
#
# 1. An elevation model is 4 m too low, the incidence angle is 30 degrees, and the radar looks left on heading 190. By how
#    many pixels of 0.5 m is a building shifted, and where to?
#
# ```{dropdown} Solution
# The shift is 4 m times the cotangent of 30 degrees, 6.9 m, toward the sensor. Looking left on heading 190, range grows
# toward 100 degrees, so toward the sensor is 280 degrees: to the west and a little to the north.
#
#     from affine import Affine
#     view = Look.from_heading(190, "left", 30.0)
#     geocoding.pixel_shift(-4.0, view, Affine(0.5, 0, 0, 0, -0.5, 0))   # -13.6 columns, -2.4 rows
# ```
#
# 2. How deep must a building of 12 m be for its roof to cover its base line at 43.1 degrees? And at 25 degrees?
#
# ```{dropdown} Solution
# Deeper than $h \cot\theta$: 12.8 m, and 25.7 m. Steep looks make nearly every building look "tall".
# ```
#
# 3. A double-bounce line lies 9 m from its footprint, away from the sensor; the incidence angle is 43.1 degrees. What do you
#    learn about the building, and what about the elevation model?
#
# ```{dropdown} Solution
# Nothing about the building: its height does not enter {eq}`eq-double-bounce`. The model is too high there by 9 m times the
# tangent, 8.4 m. This is the by-product of registration.
# ```
#
# 4. Why does the error on the right of {numref}`fig-map` hardly change over the scene, while the left one does?
#
# ```{dropdown} Solution
# On the right the angle is that of each point. What is left comes from the vertical velocity of the satellite, and that is
# the same for all points that are passed within a few seconds. A pass that is made up to fly level leaves next to nothing.
# ```
#
# ## Takeaways
#
# - A height error becomes a range error by the cosine, a ground shift by the cotangent, along $\mathbf g$; too high means away
#   from the sensor. 43.1 degrees and 10 m give 10.69 m.
# - Layover is that law for heights above ground, toward the sensor; shadow goes the other way with the tangent; the double bounce
#   stays at the base. A dark zone begins there only if the building is taller than it is deep, measured by the cotangent.
# - A look is an incidence angle and a range direction in the *grid*; metadata give both, "ascending" gives neither.
# - The flat formula with one look for 5 km is at most 12 cm off for 10 m at the real scene and 36 cm under a steep look; the
#   exact one costs microseconds and is there when it matters.
# - Misreadings leave traces of their own: turned, mirrored, stretched, or moved as a whole.
