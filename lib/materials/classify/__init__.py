"""Classify materials in photographs of facades and in views of roofs."""

from lib.materials.classify.calibration import fit_temperature
from lib.materials.classify.classifier import MaterialClassifier, load_classifier
from lib.materials.classify.compare import compare_models
from lib.materials.classify.crops import Crops, facade_crops, own_crops, roof_crops
from lib.materials.classify.mix import estimated_mix, for_mix
from lib.materials.classify.models import MODELS, Architecture, build_model
from lib.materials.classify.recipe import ClassifierRecipe
from lib.materials.classify.reliability import CalibrationError, calibration_error, reliability_bins
from lib.materials.classify.scores import (
    class_scores,
    confusion,
    overall_scores,
    published_scores,
    split_buildings,
)  # fmt: skip
from lib.materials.classify.training import fit_classifier

__all__ = [
    "MODELS", "Architecture", "CalibrationError", "ClassifierRecipe", "Crops", "MaterialClassifier", "build_model",
    "calibration_error", "class_scores", "compare_models", "confusion", "estimated_mix", "facade_crops",
    "fit_classifier", "fit_temperature", "for_mix", "load_classifier", "overall_scores", "own_crops", "published_scores", "reliability_bins",
    "roof_crops", "split_buildings",
]  # fmt: skip
