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
# (05-materials)=
# # What is it made of?
#
# A town knows its streets by name and its houses by number. What the houses are made of, it mostly does not know. The material
# stands in no map; it stands in the street, for everyone to see. Urban Fabric Decoded {cite}`sun2025urbanfabric` therefore
# looks: at the facade in a street view, at the roof in a satellite image. Thirteen networks are taught to say brick, or
# tile, on buildings that the Danish register knows; the best then maps four cities, and attention maps show what it looked at.
#
# This chapter walks the same road on a simulated town: where to stand and where to look, which views to throw away, how to
# train and compare, how to make a network say how sure it is, and how to map a whole town. On two points it is stricter than
# the article. Probabilities are held against how often they come true, because the next chapter counts tonnes with them. And
# the attention maps, which always look convincing, are put to four tests.
#
# **Goals.** After this chapter you can
#
# 1. aim a camera at each building's street side, say what it will cost before it costs anything, and drop views without a wall;
# 2. compare networks on buildings that none of them has seen, class by class;
# 3. calibrate a classifier, and adapt it to a town whose mix of materials is not that of its training;
# 4. draw an explanation, and test whether it can be believed;
# 5. map a town with its uncertainty, and hand the probabilities on.
#
# **You need** {doc}`00_city` for the simulated town, and the idea of a convolutional network. The chapter takes four to
# five minutes on one core, most of it training, and less than 2 GB of memory. For that, much is made small: three networks
# in place of thirteen, images of 64 pixels, a few epochs, and first weights that are random numbers.

# %%
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from lib.city import make_city
from lib.errors import CompanionError
from lib.interactive.city_map import city_page
from lib.materials import classify, explain, imagery, own_tables, scene_filter
from lib.materials import labelled as labels
from lib.materials import town_classifiers as town_sides
from lib.materials import town_images as images
from lib.materials.city_map import Side, predict_city
from lib.plots import house_style
from lib.plots import materials as plot
from lib.rerun.record import record

house_style()


def record_all(prefix, values):
    for name, value in dict(values).items():
        record(f"{prefix}_{name}", value)


# %% tags=["parameters"]
labelled: Path | None = None  # table of your labelled images; none: simulated
buildings: Path | None = None  # footprints of your town; none: simulated
photos: Path | None = None  # a facade of each, named by its id
orthophoto: Path | None = None  # GeoTIFF of its roofs
weights: Path | None = None  # folder of ImageNet files; none: random
places365: Path | None = None  # folder of VGG16-Places365; none: small network
models: list[str] = [  # names of networks; all thirteen: materials_all
    "squeezenet1_1",
    "shufflenet_v2_x1_0",
    "resnet18",
]
seed: int = 300  # of the mapped town; the next are learnt from [0 to 100000]
cities: int = 10  # simulated to learn from [1 to 1000]
most: int = 150  # images of each class at most [20 to 100000]
n_buildings: int = 400  # of the mapped town [50 to 100000]
extent_m: float = 480.0  # side of the mapped town [100 to 20000]
panorama_m: float = 25.0  # from one panorama to the next [2 to 100]
size_px: int = 64  # what networks see [32 to 1024]
look_px: int = 128  # what the explained network sees [64 to 1024]
epochs: int = 6  # of each training [1 to 1000]
explained: int = 48  # images in the tests of explanations [8 to 1000]
device: str = "auto"  # where networks are trained [auto | cpu | cuda | mps]
work: Path | None = None  # an existing folder, to go on with what is done
keep: Path | None = None  # an existing folder for the map and its tables

# %% [markdown]
# ## The idea in one picture
#
# {numref}`fig-mat-idea` is what the article's figure 2 is: facades in the first row, roofs in the second, each with what the
# register says of it. Some are easy. Fibre cement with asbestos and without is not: the two share slates and paints, and what
# differs for certain is the year.
#
# By default a town is simulated. Its facades are photographed closer up than a street camera would, as if each photograph
# had been cropped to the wall, and its roofs are cut out of an optical image of 0.31 m. All other towns of this chapter are
# made by other seeds, so no building of the mapped town is ever trained on. Recipes were chosen on towns of seeds 40 to 99 and
# 200 to 213; nothing was chosen on the towns of the default run, 300 to 310.

# %% mystnb={"figure": {"name": "fig-mat-idea", "caption": "Facades (above) and roofs (below) of simulated buildings with the material that the register has; six of eleven classes each."}, "image": {"alt": "Two rows of six square pictures: simulated house fronts of brick, half-timber, concrete, glass, metal and wood, and below them roofs seen from above, each with the name of its material."}}
images.check_own_town(buildings, photos, orthophoto)
size = {"n_buildings": n_buildings, "extent_m": extent_m}
town = make_city(seed=seed, damaged_share=0.0, **size)
seeds = range(seed + 1, seed + 1 + cities)
sizes = {"wall_px": look_px, "roof_px": size_px}
given = labels.labelled_images(labelled, seeds=seeds, most=most, **sizes)
record_all("labelled", given.told)
plot.labelled_examples(given.facades, given.roofs, simulated=given.simulated)

# %% [markdown]
# This run learns from {glue:text}`labelled_facades` facades and {glue:text}`labelled_roofs` roofs ({glue:text}`labelled_about`).
# So that rare materials can be learnt, more cities are built than are shown, and each class is filled up to the same number as
# far as its buildings reach.
# Keep that in mind. A network that met glass as often as brick will believe in glass more than a town does.
#
# ## The mathematics
#
# **Aim.** A wall of width $w$ and height $h$ is seen from a distance $d$ by an eye at height $e$. Its half angle and the tilt
# that puts it in the middle of the picture are
#
# $$
# \tfrac{1}{2}\,\mathrm{fov} = \arctan\left(1.1\, \frac{w}{2d}\right), \qquad
# \mathrm{pitch} = \tfrac{1}{2}\left(\arctan\frac{h - e}{d} - \arctan\frac{e}{d}\right)
# $$ (eq-mat-aim)
#
# if the camera stands straight before it; the factor leaves a margin. Heading is the direction to the wall's middle.
#
# **Class probabilities.** A network gives each class a logit $z_k$. Temperature scaling {cite}`guo2017calibration` divides all
# of them by one number $T$, found on images that were neither trained nor tested on:
#
# $$
# p_k = \frac{\exp(z_k / T)}{\sum_j \exp(z_j / T)}, \qquad
# T = \arg\min_T\, -\sum_i \log p_{i, y_i}(T).
# $$ (eq-mat-temperature)
#
# It cannot change which class is the likeliest, only how sure the network says it is. Whether that is honest is measured by the
# expected calibration error: over bins $B$ of the highest probability, how far the mean probability is from the share that is right,
#
# $$
# \mathrm{ECE} = \sum_B \frac{n_B}{n}\, \bigl|\, \overline{p}_B - \mathrm{right}_B \,\bigr|.
# $$ (eq-mat-ece)
#
# **Another mix.** Let class $k$ have the share $q_k$ in the training images and $m_k$ in the town. If walls of one material look
# alike in both, Bayes' rule turns one kind of probability into the other {cite}`saerens2002adjusting`,
#
# $$
# p'_k \;\propto\; p_k\, \frac{m_k}{q_k},
# $$ (eq-mat-mix)
#
# and where no register tells $m$, one may take the mix that gives itself back: the mean of $p'$ over the town's buildings.
#
# **Grad-CAM** {cite}`selvaraju2020gradcam`. With $A_c$ the map of channel $c$ in the last convolutional block, of $M$ cells,
#
# $$
# L = \max\Bigl(0, \sum_c \alpha_c A_c\Bigr), \qquad \alpha_c = \frac{1}{M} \sum_{\text{cells}} \frac{\partial z_k}{\partial A_c}.
# $$ (eq-mat-gradcam)
#
# **Guided backpropagation** {cite}`springenberg2015striving` is the gradient of $z_k$ by the pixels, where each rectifier on
# the way back lets pass only what is positive in both directions. **Guided Grad-CAM** is the product of the two.
#
# There is a trap in it. Libraries replace the rectifiers that they find as layers of the network. Where a network calls them as
# functions, or uses other kinds, they find none, and hand out the plain gradient as guided backpropagation without a word: captum 0.9
# does so for GoogLeNet, MobileNetV2 and EfficientNet. Here every call of an activation is met on its way, whoever makes it, and an
# unexpected number of calls is an error. For SiLU and hardswish, which bend smoothly, the rule is an extension of ours.
#
# ## Where to stand, and where to look
#
# The article takes building locations and the road network and asks Google for a picture at each. Which place on the road,
# which heading, how wide? `facade_cameras` tries all sides of a footprint and all panoramas within 40 m. It takes the pair
# whose wall fills the widest angle among those with free sight; {eq}`eq-mat-aim` does the rest. In {numref}`fig-mat-cameras`
# panoramas are {glue:text}`panorama_step_m:.0f` m apart, as after a hurried survey. Then some buildings can only be
# seen through others.

# %% mystnb={"figure": {"name": "fig-mat-cameras", "caption": "Cameras choose the wall that fills the widest angle in free sight. Where every wall that could be seen lies behind another building, the view is marked as blocked and is not asked for. The corner of the simulated town with the most blocked views."}, "image": {"alt": "Plan of some thirty footprints. Blue sectors lead from panorama points to blue wall lines; a few orange dashed lines end in crosses where another building stands in the way."}}
places = images.survey_places(town, panorama_m)
cameras = imagery.facade_cameras(town.buildings, places)
record("town_buildings", len(cameras))
record("panorama_step_m", panorama_m, unit="m")
record("blocked", int(cameras["blocked"].notna().sum()))
free = cameras[cameras["blocked"].isna()]
record("oblique_deg", free["oblique_deg"].abs().median(), unit="deg")
plot.camera_map(town.buildings, cameras, places=places)

# %% [markdown]
# Of {glue:text}`town_buildings` buildings {glue:text}`blocked` are blocked. Half of the others are seen from more than
# {glue:text}`oblique_deg:.0f` degrees off the normal: a survey car does not stop where you would.
#
# **What would it cost?** A dry run counts the calls and makes none. For Google each view takes one free question, whether there
# is a panorama at all, and at most one paid picture; the price is yours to give, because prices change (0.007 here
# is an example). The same line with
# `dry_run=False` and a key in the environment fetches, at a polite rate, into a cache, and goes on where it stopped. The key is
# read when a call is made and never reaches a log, a file or an error; the tests look for it there.

# %%
room, price = Path(work or tempfile.mkdtemp()), {"price_per_call": 0.007}
paid, unseen = imagery.GoogleStreetView(), {"dry_run": True} | price
imagery.fetch_images(cameras, paid, room / "paid", **unseen)
closer = {"size_px": look_px, "follow_cameras": False}
source = imagery.SimulatedFacades(town, **closer)
fetched = imagery.fetch_images(cameras, source, room / "images")
record("fetched", int((fetched["status"] == "image").sum()))
fetched["status"].value_counts().rename("buildings").to_frame()

# %% [markdown]
# The simulated town is a source like any other, and this run has {glue:text}`fetched` of its facades. Each building ends with one
# of twelve statuses, also of those that did not occur, so that "nobody failed" is a number. *No imagery* is an answer and
# is kept; *forbidden*, *too many requests*, *server error*, *timeout* and *no connection* are asked again in the next run;
# a *corrupt image* is one that cannot be decoded to its end. *Blocked* and *no camera* cost nothing. Mapillary, XYZ
# and WMTS tiles, GeoTIFF orthophotos and a folder of your own files are further sources with the same interface.
#
# ## Views without a wall
#
# Street views show trees, fences, parked vans. The article drops them with a VGG16 that was trained on Places
# {cite}`zhou2018places`. Its weights are half a gigabyte and not at hand by default. Then a small network that learnt from
# simulated views takes its place; give `places365` a folder with the two published files to use the other. Views are made bad
# on purpose here, and the truth is how much bare wall is in the picture: a view counts as usable from a tenth on.

# %% mystnb={"figure": {"name": "fig-mat-filter", "caption": "Street views that the scene filter keeps (above) and drops (below), from the surest to the least sure, mistakes last; with its probability of showing a wall, and what it says fills the view. Green frames are right, orange ones wrong. Simulated."}, "image": {"alt": "Two rows of six pictures. Above: house fronts, some partly behind trees. Below: sky, a hedge, a fence, a van, the street. Each with a probability and a word."}}
judge = images.scene_judge(places365)
spoilt = scene_filter.simulated_views(town, 400, seed=seed)
told = scene_filter.scene_filter(spoilt.images, model=judge)
quality = 100 * scene_filter.filter_scores(told["kept"], spoilt.usable())
for name in ("precision", "recall"):
    record_all(f"filter_{name}", quality.loc[name, ["value", "low", "high"]])
plot.scene_examples(spoilt.images, told, spoilt.usable())

# %% [markdown]
# Of the views that it keeps, {glue:text}`filter_precision_value:.1f` % are usable (95 % interval
# {glue:text}`filter_precision_low:.1f` to {glue:text}`filter_precision_high:.1f`); of the usable ones it keeps
# {glue:text}`filter_recall_value:.1f` % ({glue:text}`filter_recall_low:.1f` to {glue:text}`filter_recall_high:.1f`). These are
# scores on a simulated town that the network never saw, by the rules by which it was taught. On real streets expect less.
#
# ## Teaching
#
# Facades and roofs get networks of their own. For each side, 28 % of the buildings are set aside first. Of the rest, 80 % are
# trained on and 20 % tested, as in the article; that the split is by building and within each class is ours. The part set aside chooses the
# network and its temperature; so neither choice sees the test. Roofs may be turned in training, for a roof has no up; facades
# are only mirrored.

# %%
sides, done = {"facades": given.facades, "roofs": given.roofs}, {}
options = {"weights": weights, "device": device, "progress": bool(work)}
for side, crops in sides.items():
    turned = {"turned": side == "roofs", "epochs": epochs, "batch": 16}
    options["recipe"] = classify.ClassifierRecipe(**turned)
    small = labels.resized(crops, size_px)
    done[side] = town_sides.learn(small, models, room / side, **options)
    record_all(side, done[side].counts)
    record(f"{side}_first_weights", done[side].first_weights.iloc[0])
taught, tested = town_sides.same_buildings(given.facades, done["facades"])
options["recipe"] = classify.ClassifierRecipe(epochs=epochs, batch=16)
own = options | {"folder": room / "look"}
looker = classify.fit_classifier(taught.images, taught.labels, **own)
pd.DataFrame({side: one.first_weights for side, one in done.items()})

# %% [markdown]
# **Mind the table above.** First weights: {glue:text}`facades_first_weights`. The article's networks start from ImageNet
# {cite}`deng2009imagenet`, that is from a million photographs; with nothing but
# {glue:text}`facades_trained` facades to learn from, ours have not seen much of the world. Tested are
# {glue:text}`facades_tested` facades and {glue:text}`roofs_tested` roofs. {numref}`fig-mat-f1` is the counterpart of figure 4a and c.

# %% mystnb={"figure": {"name": "fig-mat-f1", "caption": "F1 of each class, its median and the overall accuracy, network by network; facades above, roofs below. The counterpart of figure 4a and c of the article, whose accuracy for ShuffleNet on facades is the orange square. Simulated in the default run."}, "image": {"alt": "Two dot plots with a row for each network. Roofs reach higher scores than facades, the residual network is ahead in both, and one network stays far behind."}}
for side, one in done.items():
    record_all(side, 100 * one.accuracy.add_suffix("_percent"))
    record(f"{side}_best", one.model)
    record(f"{side}_best_percent", 100 * one.accuracy[one.model], unit="%")
scores = {side: one.scores for side, one in done.items()}
printed = classify.published_scores()[["model", "accuracy"]]
marks = {"facades": tuple(printed.iloc[0])}
plot.f1_by_side(scores, published=marks, simulated=given.simulated)

# %% [markdown]
# On the part set aside {glue:text}`facades_best` was best for facades and {glue:text}`roofs_best` for roofs; on the test they are right
# for {glue:text}`facades_best_percent:.1f` % and {glue:text}`roofs_best_percent:.1f` %. The classes are nearly equally common
# here, so chance is about 9 %. In the default run two things repay a look. SqueezeNet has no layers that normalise, and from random
# numbers it hardly leaves the ground in so few steps. And roofs are easier than facades: nothing stands before a roof, and each is seen
# from the same height.
#
# An overall accuracy hides what is confused with what. {numref}`fig-mat-confusion` has one row for each true material.

# %% mystnb={"figure": {"name": "fig-mat-confusion", "caption": "What each material is taken for by the chosen networks, in percent of its test images: facades (above) and roofs (below). The counterpart of figure 4b and d of the article. Simulated in the default run."}, "image": {"alt": "Two square matrices of eleven materials, the diagonal bright. Facades scatter more than roofs do."}}
judged = {side: (one.tested.labels, one.told) for side, one in done.items()}
classes = {side: one.raw.classes for side, one in done.items()}
plot.confusion_by_side(judged, classes, simulated=given.simulated)

# %% [markdown]
# Read along a row for what a material is taken for, and down a column for what is taken for it: half-timber is found, but so are
# houses that have none. Concrete, lightweight concrete and both kinds of fibre cement
# are taken for each other, and so they should, for they share colours and panels here as in life. On roofs the two fibre cements
# can be told apart in most cases, because the simulated ones weather to different greys; do not expect that of real ones. If your
# use depends on asbestos, ask for the year of construction, not for a larger network. Precision and recall of every class:

# %%
each = {side: one.class_scores for side, one in done.items()}
weakest = each["facades"]["f1"].idxmin()
record("weakest", weakest)
record("weakest_f1", each["facades"].loc[weakest, "f1"])
pd.concat(each).style.format(precision=2, na_rep="never told")

# %% [markdown]
# The hardest wall is {glue:text}`weakest`, with an F1 of {glue:text}`weakest_f1:.2f`.
#
# ## How sure is it?
#
# {numref}`fig-mat-calibration` puts what the chosen facade network claims against how often it is right, before and after
# {eq}`eq-mat-temperature`. Read the three numbers together. The interval says how well the error is known with so few test
# images, and ends at zero where it cannot be told from none; "by chance" is the error that a perfectly honest classifier would show on
# as many. What lies below that is no finding, and a change between two such numbers is none either.

# %% mystnb={"figure": {"name": "fig-mat-calibration", "caption": "Reliability of the chosen networks on test images, before and after temperature scaling: how often they are right against how sure they are, with the expected calibration error, its interval and what chance alone would give; below, how many images. Simulated in the default run."}, "image": {"alt": "Four reliability diagrams with dotted diagonals, for facades and roofs before and after calibration, with small bar charts of the number of images underneath."}}
claims, codes = {}, {}
for side, one in done.items():
    record(f"{side}_temperature", one.classifier.temperature)
    for name, network in {"raw": one.raw, "calibrated": one.classifier}.items():
        chances = network.predict_proba(one.tested.images)
        error = classify.calibration_error(chances, one.codes)
        record_all(f"{side}_{name}_ece", vars(error))
        claims[f"{side}, {name}"], codes[f"{side}, {name}"] = chances, one.codes
plot.reliability_diagram(claims, codes, simulated=given.simulated)

# %% [markdown]
# Facades: temperature {glue:text}`facades_temperature:.2f`, ECE {glue:text}`facades_raw_ece_value:.3f` before and
# {glue:text}`facades_calibrated_ece_value:.3f` after (90 % interval {glue:text}`facades_calibrated_ece_low:.3f` to
# {glue:text}`facades_calibrated_ece_high:.3f`, by chance {glue:text}`facades_calibrated_ece_by_chance:.3f`). Roofs:
# {glue:text}`roofs_temperature:.2f`, {glue:text}`roofs_raw_ece_value:.3f` and {glue:text}`roofs_calibrated_ece_value:.3f`
# ({glue:text}`roofs_calibrated_ece_low:.3f` to {glue:text}`roofs_calibrated_ece_high:.3f`, by chance
# {glue:text}`roofs_calibrated_ece_by_chance:.3f`). Both were calibrated on images that were
# neither trained on nor tested, {glue:text}`facades_aside` and {glue:text}`roofs_aside` of them, which is few: one temperature is all they can bear. A network that was stopped after
# few epochs is often too humble rather than too proud: then $T$ is below 1.
#
# ## What did it look at?
#
# Grad-CAM has as many cells as the last block of the network: at 64 pixels, two by two. So for this section the article's best
# on facades, ShuffleNet, was trained once more, in the last lines of that long cell, on photographs of
# {glue:text}`look_px` pixels of the same buildings. It is right for {glue:text}`look_percent:.1f` % of the test images.
# {numref}`fig-mat-explain` has the layout of figure 5. It looks as such figures look: the heat lies somewhere on the house, the guided maps draw fine lines.

# %% mystnb={"figure": {"name": "fig-mat-explain", "caption": "Four test facades, and what three methods say the network looked at. Guided maps are stretched each by itself. After figure 5 of the article; simulated in the default run."}, "image": {"alt": "Four rows of four pictures: a house front, the same in grey with a warm cloud over part of it, a grey picture with fine edges, and the product of both."}}
right = looker.predict(tested.images) == tested.labels
record("look_px", look_px)
record("look_percent", 100 * right.mean(), unit="%")
some = tested.take(np.random.default_rng(seed).permutation(len(tested)))
some = some.take(range(min(explained, len(some))))
told = {
    method: explain.explain_many(looker, some.images, method)
    for method in explain.METHODS
}
rows = [{method: told[method][k] for method in told} for k in range(4)]
plot.explanation_sheet(some.images[:4], rows, some.labels[:4])

# %% [markdown]
# A picture that looks right is no evidence. Four questions are.
#
# **Does it add up?** For a network that ends in a mean and one linear layer, the raw Grad-CAM, before the cut at zero, sums to the
# logit less its bias: every bit of evidence is on the map once. Here the two agree to {glue:text}`adds_up` of the largest logit.
#
# **Does it lie on the wall?** The simulated photograph knows its wall pixels. Walls fill
# {glue:text}`trained_grad_cam_area_mean:.0f` % of them, and it is tempting to take that for chance level. But walls lie in the middle
# of photographs, and maps have habits of their own: they shun borders or love them, whatever is in the picture. The fair
# question is whether the map knows *this* photograph: lay it on other images' walls, and see what is lost.
# {numref}`fig-mat-shares` has both, and a network of random numbers too.

# %% mystnb={"figure": {"name": "fig-mat-shares", "caption": "Share of saliency that falls on the wall, for the trained network and for one of random numbers: mean and 90 % interval over images. Hollow diamonds: the same maps on other images' walls, which is the chance level that counts. Dotted: the wall's share of the pixels, which is not. Simulated."}, "image": {"alt": "Dot plot with two rows, Grad-CAM and guided backpropagation, and two colours for the trained and the untrained network, each with a bar and a hollow diamond nearby; a dotted upright line marks the area of the walls."}}
sums, logits = explain.grad_cam_sums(looker, some.images)
record("adds_up", f"{np.abs(sums - logits).max() / np.abs(logits).max():.0e}")
shares, masks = {}, some.wall_masks
if masks is not None:
    shares = explain.shares_by_network(looker, some.images, masks)
for name, method in [
    (name, method) for name in shares for method in explain.JUDGED
]:
    for row, values in (100 * shares[name][method].summary()).iterrows():
        record_all(f"{name}_{method}_{row}", values)
    record(f"{name}_{method}_verdict", shares[name][method].verdict())
plot.wall_share_figure(shares) if shares else "no masks are known"

# %% [markdown]
# Grad-CAM puts {glue:text}`trained_grad_cam_share_mean:.0f` % of its heat on the wall, and
# {glue:text}`trained_grad_cam_swapped_mean:.0f` % on other images' walls. The gain is
# {glue:text}`trained_grad_cam_above_swapped_mean:.1f` points (90 % interval {glue:text}`trained_grad_cam_above_swapped_low:.1f` to
# {glue:text}`trained_grad_cam_above_swapped_high:.1f`, {glue:text}`trained_grad_cam_verdict`). The untrained network puts
# {glue:text}`untrained_grad_cam_share_mean:.0f` % there, which beats the area as well, and gains
# {glue:text}`untrained_grad_cam_above_swapped_mean:.1f` points over other walls
# ({glue:text}`untrained_grad_cam_above_swapped_low:.1f` to {glue:text}`untrained_grad_cam_above_swapped_high:.1f`,
# {glue:text}`untrained_grad_cam_verdict`). The network is weak, and so is
# this test of it: one network, and few images. Guided backpropagation puts {glue:text}`trained_guided_backprop_share_mean:.0f` % on the wall and
# {glue:text}`trained_guided_backprop_swapped_mean:.0f` % on other images' walls, a difference of
# {glue:text}`trained_guided_backprop_above_swapped_mean:.0f` points ({glue:text}`trained_guided_backprop_verdict`): it *avoids* its own
# wall, since it draws windows, edges and trees, which is where pictures have contrast, and bare wall is what remains.
#
# **Does it notice when the network forgets?** Draw the layers' weights anew, from the head down, and explain again
# {cite}`adebayo2018sanity`. An explanation of what was learnt has to change once that is gone.

# %% mystnb={"figure": {"name": "fig-mat-random", "caption": "Rank correlation of explanations with what they were, while more and more layers are drawn at random from the head down: medians over images and their middle half. What stays high explains the picture, not the network. Simulated in the default run."}, "image": {"alt": "Lines over the share of layers drawn at random. Grad-CAM falls at once; guided backpropagation stays high."}}
few, forgets, maps = some.images[:16], {}, {}
edges = [explain.edge_strength(image) for image in few]
for method in explain.JUDGED:
    forgets[method] = explain.model_randomisation(looker, few, method)
    alike = forgets[method].groupby("share")["similarity"].median()
    record(f"forgets_{method}_most", alike.iloc[-2])
    record(f"forgets_{method}", alike.iloc[-1])
    maps[method] = [one.saliency for one in told[method][:16]]
    alike = [*map(explain.rank_similarity, maps[method], edges)]
    record(f"edges_{method}", np.median(alike))
plot.randomisation_figure(forgets, simulated=given.simulated)

# %% [markdown]
# With all layers drawn at random, Grad-CAM has a rank correlation of {glue:text}`forgets_grad_cam:.2f` with what it was. Guided
# backpropagation still has {glue:text}`forgets_guided_backprop:.2f`, and with all but the first fifth of the layers drawn
# {glue:text}`forgets_guided_backprop_most:.2f`; with plain edges, found without any network, it correlates at
# {glue:text}`edges_guided_backprop:.2f`, Grad-CAM at {glue:text}`edges_grad_cam:.2f`. Where it hardly changes while the
# learning goes, it shows the picture rather than the network, and **fails**; what the article reads from it, how bricks are told from
# stone, it cannot show. Guided Grad-CAM is the product of the two, and was not tested apart.
#
# **Does it matter to the network?** Take away the most salient pixels first, and see how fast belief falls {cite}`petsiuk2018rise`.
# {numref}`fig-mat-deletion` has controls: random pixels, edges, and the Grad-CAM of *another* image, as smooth and as central.

# %% mystnb={"figure": {"name": "fig-mat-deletion", "caption": "Probability of the class told while pixels are taken away in five orders, blurred in their place; areas in the legend, the smaller the better. Means over images; simulated in the default run."}, "image": {"alt": "Five falling curves of probability over the share of pixels taken away."}}
curves = {}
for fill in ("blur", "mean"):
    curves[fill] = explain.controlled_deletion(looker, few, maps, fill=fill)
    for order, row in explain.deletion_table(curves[fill]).iterrows():
        record_all(f"{fill}_{order.split()[0]}", row)
plot.deletion_figure(curves["blur"], simulated=given.simulated)

# %% [markdown]
# Blurred away, the area under the curve is {glue:text}`blur_grad_cam_area:.2f` in the order of Grad-CAM, {glue:text}`blur_other_area:.2f` in that
# of another image's, {glue:text}`blur_guided_backprop_area:.2f` by guided backpropagation, {glue:text}`blur_edges_area:.2f` by edges and
# {glue:text}`blur_random_area:.2f` at random. Replaced by the mean colour instead, it is {glue:text}`mean_grad_cam_area:.2f`,
# {glue:text}`mean_other_area:.2f`, {glue:text}`mean_guided_backprop_area:.2f`, {glue:text}`mean_edges_area:.2f` and {glue:text}`mean_random_area:.2f`. Image by
# image, Grad-CAM differs from chance by {glue:text}`blur_random_gap:+.2f` ± {glue:text}`blur_random_error:.2f` (standard error) with
# blur and {glue:text}`mean_random_gap:+.2f` ± {glue:text}`mean_random_error:.2f` with the mean colour; from another image's map,
# the harder rival, by {glue:text}`blur_other_gap:+.2f` ± {glue:text}`blur_other_error:.2f` and {glue:text}`mean_other_gap:+.2f` ±
# {glue:text}`mean_other_error:.2f`. From guided backpropagation it
# differs by {glue:text}`blur_guided_backprop_gap:+.2f` ± {glue:text}`blur_guided_backprop_error:.2f` and
# {glue:text}`mean_guided_backprop_gap:+.2f` ± {glue:text}`mean_guided_backprop_error:.2f`, from plain edges by
# {glue:text}`blur_edges_gap:+.2f` ± {glue:text}`blur_edges_error:.2f` and {glue:text}`mean_edges_gap:+.2f` ±
# {glue:text}`mean_edges_error:.2f`; below zero Grad-CAM is the better. Read a gap within two standard errors as none. Where edges do as
# well as an explanation, the network needs edges, and anything that draws them wins: this test asks which pixels matter, not whether
# the map knows what was learnt. The result also depends on what is painted into
# the holes, since neither a blurred nor a grey hole is a photograph. One curve without controls proves nothing.
#
# ## The whole town
#
# Now every building of the mapped town, of which no image was trained on: the scene filter first, then both networks, in
# chunks, each a file that appears whole or not at all. Then {eq}`eq-mat-mix`, twice: once with the mix estimated from the
# predictions themselves, and once with the mix of a register: by default that of three of the towns learnt from, which the same
# simulator made, so it is a best case; with images of your own that of your table. The latter is the one that is kept.
# {numref}`fig-mat-map` is the counterpart of figure 6, with one thing that figure 6 lacks: where the network is not sure,
# the colour is pale.

# %% mystnb={"figure": {"name": "fig-mat-map", "caption": "Predicted materials of every roof (left) and wall (right), with counts; pale where the most probable class has less than 0.6, white where there was no usable image. The counterpart of figure 6 of the article. Simulated in the default run."}, "image": {"alt": "Two maps of the same footprints coloured by material. Many roofs are in full colour, more of the walls are pale, and some walls are white."}}
subject = images.simulated_town(town, fetched)
if buildings:
    subject = images.own_town(buildings, photos, orthophoto)
wall, roof = (done[side].classifier for side in sides)
pair = {
    "wall": Side(wall, subject.walls, True, judge),
    "roof": Side(roof, subject.roofs),
}
folder = images.map_folder(room, buildings)
place = predict_city(subject.buildings, folder, chunk=256, **pair)
mixes = dict(zip(pair, (one.trained_mix for one in done.values()), strict=True))
tables = {"plain": gpd.read_parquet(place)}
tables["guessed"] = town_sides.with_town_mix(tables["plain"], mixes)
city = town_sides.with_town_mix(tables["plain"], mixes, given.register)
for side in pair if subject.truth is not None else ():
    counts = subject.truth[f"{side}_material"].value_counts(normalize=True)
    record(f"{side}_commonest", 100 * counts.max(), unit="%")
shown = city["wall_material"].notna().mean()
record("wall_seen_percent", 100 * shown, unit="%")
known = np.concatenate([one.learning.buildings for one in done.values()])
for name, table in (tables | {"mixed": city}).items():
    judged = town_sides.judged_map(table, subject.truth, known)
    for side, row in judged.iterrows():
        record_all(f"{name}_{side}", row.dropna())
plot.material_maps(city, simulated=subject.simulated)

# %% [markdown]
# Of {glue:text}`town_buildings` buildings {glue:text}`mixed_roof_seen:.0f` have a roof image and {glue:text}`mixed_wall_seen:.0f` a usable
# facade. The truth, which played no part so far, says how many are told right, beside how many the probabilities claim:
#
# | mix | walls right | walls claimed | roofs right | roofs claimed |
# |---|---|---|---|---|
# | the commonest material for all | {glue:text}`wall_commonest:.0f` % | | {glue:text}`roof_commonest:.0f` % | |
# | as trained, classes nearly equal | {glue:text}`plain_wall_right:.0f` % | {glue:text}`plain_wall_sure:.0f` % | {glue:text}`plain_roof_right:.0f` % | {glue:text}`plain_roof_sure:.0f` % |
# | estimated without labels | {glue:text}`guessed_wall_right:.0f` % | {glue:text}`guessed_wall_sure:.0f` % | {glue:text}`guessed_roof_right:.0f` % | {glue:text}`guessed_roof_sure:.0f` % |
# | of a register | {glue:text}`mixed_wall_right:.0f` % | {glue:text}`mixed_wall_sure:.0f` % | {glue:text}`mixed_roof_right:.0f` % | {glue:text}`mixed_roof_sure:.0f` % |
#
# A map has to beat the first row to be worth its making. Where classes are hard to tell, as with walls, the mix decides much; where
# claim and truth differ by more than a few points, the probabilities are not yet honest for this town, whatever the test images said. The estimate without labels needs no register, but it
# stands on the confusion of the same doubtful network, and where two classes look alike it may give all to the one and nothing
# to the other. Use a register if there is one, and compare claim and truth on a sample. The map below needs no network
# connection: move it, zoom it, and ask any building how probable each class is.
#
# **Handing on.** {doc}`06_material_intensity` turns class probabilities into tonnes. Its parameter `predictions` takes the
# GeoParquet as it is, with a column of probability for each class, such as `p_wall_brick`; `read_predictions` is how it reads.

# %%
folder, page = Path(keep or room), city_page(city, simulated=subject.simulated)
page.save(folder / "materials.html")
city.to_parquet(folder / "city.parquet")
walls, roofs = own_tables.read_predictions(folder / "city.parquet")
record("handed_walls", len(walls))
record("handed_roofs", len(roofs))
page

# %% [markdown]
# {glue:text}`handed_walls` walls and {glue:text}`handed_roofs` roofs arrive. A building without a usable image is not among them; the next
# chapter gives it the mean probabilities of those that were seen, which is right if hidden walls are like the others. A register
# would know better.
#
# ## What could go wrong
#
# **Other pictures.** The networks learnt from photographs that are close to the wall. Take the same buildings as the cameras of
# {numref}`fig-mat-cameras` see them, wide and aslant, with the sky above and the street below:

# %% mystnb={"figure": {"name": "fig-mat-wide", "caption": "Facades as the street cameras see them, with the truth and what the same network says. Simulated."}, "image": {"alt": "Two rows of five wide views of streets with houses aslant; most of the given names of materials differ from the true ones."}}
wide = images.street_crops(town, cameras.iloc[:200], size_px=look_px)
seen = wall.predict(labels.resized(wide, size_px).images)
record("wide_percent", 100 * np.mean(seen == wide.labels), unit="%")
claimed = wall.predict_proba(labels.resized(wide, size_px).images).max(axis=1)
record("wide_claimed", 100 * claimed.mean(), unit="%")
record("wide_wall_percent", 100 * wide.wall_masks.mean(), unit="%")
plot.told_examples(wide, seen)

# %% [markdown]
# Right for {glue:text}`wide_percent:.0f` %, and claimed {glue:text}`wide_claimed:.0f` %. The wall fills {glue:text}`wide_wall_percent:.0f` % of
# the picture, and stands aslant; probabilities that were calibrated for other pictures say little of these. Crop to the wall, or train on what you will map.
#
# **A folder of another run, a wrong size, too few to calibrate, no key.** Each is refused, and says what to do:

# %%
raw, part = done["facades"].raw, done["facades"].aside
attempts = {
    "another size": lambda: raw.predict(part.images[:, :32, :32]),
    "another run": lambda: town_sides.learn(
        part, models, room / "facades", **options
    ),
    "too few": lambda: raw.calibrated(part.images[:20], part.labels[:20]),
    "no such table": lambda: labels.labelled_images("photos.csv"),
    "no such file": lambda: classify.load_classifier("best.safetensors"),
}
for name, attempt in attempts.items():
    try:
        attempt()
    except CompanionError as error:
        print(f"{name}: {error}\n".replace(str(room), "work"))
    else:
        print(f"{name}: was not refused")

# %% [markdown]
# **What no check finds.** A register that is wrong teaches wrong. A renovated facade hides the wall that carries it. Cameras
# meet streets, not courtyards: the walls that nobody photographs are not a random sample, and their material stays unknown.
#
# ## Beside the paper

# %%
beside = town_sides.beside_published(done, given.about)
beside.T.style.set_properties(**{"white-space": "normal"})

# %% [markdown]
# No race can be read from this table. The article's images are Google's, of Odense; ours by default are simulated. Its networks start
# from ImageNet; ours from random numbers, and train for a minute. And how often each class occurs in its test set stands in a
# supplement that is not available, so even equal accuracies would not mean equal skill. Of the thirteen networks the
# article's text names four; the registry here has thirteen of that time, and `presets/materials_all.yaml` runs them all.
#
# Besides, three things are here that the article does not have: probabilities that are held against frequencies, tests of
# its explanations, and a map that shows its doubt.
#
# ## Run it on your own data
#
# A table of *labelled images*: `building_id`, `wall_photo`, `wall_material`, `roof_photo`, `roof_material`, one row a building,
# cells may be empty. For the map three more: *footprints*, a folder of *photos* named by id, such as `b000012.jpg`, and an *orthophoto*.
#
# Materials have the names of the register, those of `lib.buildings.WALL_MATERIALS` and `ROOF_MATERIALS`. `weights` is a folder with
# torchvision's ImageNet files; `companion data list` names them. Folders must exist.
#
# ```bash
# mkdir -p runs map
# companion run 05_materials -p labelled=labels.csv -p weights=imagenet -p size_px=224 -p look_px=224 -p epochs=20 -p work=runs
# companion run 05_materials -p labelled=labels.csv -p weights=imagenet -p size_px=224 -p look_px=224 -p epochs=20 -p work=runs \
#   -p buildings=town.gpkg -p photos=facades -p orthophoto=town.tif -p keep=map
# mkdir -p all && companion run 05_materials --preset materials_all -p work=all
# ```
#
# The second line repeats the first, so that nothing is trained again. Kill it, run it again with the same `work`, and it goes on
# from its last checkpoint, one after every epoch and every 200 steps. `keep` gets the GeoParquet of all probabilities and the map as one
# HTML file. Chunks of a map run on all that joblib is configured for, a Dask cluster by
# `with joblib.parallel_config("dask"):` around `predict_city`; `benchmarks/bench_city_map.py` times 85,000 roofs. Then
#
# ```bash
# companion run 06_material_intensity -p predictions=map/city.parquet -p buildings=register.parquet -p inventory=audits.csv
# ```
#
# ## Exercises
#
# 1. A wall 12 m wide and 6 m high is seen straight on from 10 m, by an eye at 2.5 m. Which field of view and pitch does
#    {eq}`eq-mat-aim` give?
#
# ```{dropdown} Solution
# $2 \arctan(1.1 \cdot 6 / 10) = 66.8°$, and $(\arctan 0.35 - \arctan 0.25) / 2 = (19.3° - 14.0°) / 2 = 2.6°$ upwards.
# ```
#
# 2. Training met glass and brick equally often, and a calibrated network says 0.6 glass, 0.4 brick. In town there are forty brick
#    walls for each of glass. What should it say?
#
# ```{dropdown} Solution
# By {eq}`eq-mat-mix` glass has weight $0.6 \cdot 1$ and brick $0.4 \cdot 40$; so glass $0.6 / 16.6 = 0.04$. A map of the
# likeliest class from flat training would be full of glass palaces.
# ```
#
# 3. A map of saliency is a round blob in the middle of every picture. What do the area, the swapped walls and the randomisation
#    say of it?
#
# ```{dropdown} Solution
# It beats the area, since walls lie in the middle, and looks meaningful. On other images' walls it does as well: no gain.
# It does not change with the network: correlation 1 with itself. Two tests of three find it out, and the usual one does not.
# ```
#
# 4. Run with `panorama_m=60`. What becomes of the number of blocked views, and which buildings are lost?
#
# ```{dropdown} Solution
# Many more are blocked, and they lie between crossings. If such houses are made of other
# materials than the rest, the map's shares are biased, and no interval that counts only what was seen will tell.
# ```
#
# ## Takeaways
#
# - Heading, field of view and pitch follow from footprint and road; blocked views are known before a call is made, and a dry run counts
#   the calls. A filter drops views without a wall: recall {glue:text}`filter_recall_value:.0f` %.
# - Compare by building and by class: {glue:text}`facades_best_percent:.0f` % over all facades, and an F1 of {glue:text}`weakest_f1:.2f` for
#   {glue:text}`weakest`.
# - Calibrate on images of their own, give the error its interval, and adapt probabilities to the town's mix, best by a register:
#   {glue:text}`plain_wall_right:.0f` % of the walls right before, {glue:text}`mixed_wall_right:.0f` % after, and
#   {glue:text}`wall_commonest:.0f` % by one material for all.
# - An explanation is a claim. Grad-CAM gains {glue:text}`trained_grad_cam_above_swapped_mean:.1f` points over other images' walls
#   ({glue:text}`trained_grad_cam_verdict`; untrained {glue:text}`untrained_grad_cam_above_swapped_mean:.1f`); guided
#   backpropagation hardly notices that the network is gone ({glue:text}`forgets_guided_backprop:.2f`).
# - The map carries its doubt, and {glue:text}`handed_walls` walls go to {doc}`06_material_intensity` as probabilities, not as names.
