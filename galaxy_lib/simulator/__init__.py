"""A simulator of galaxy pictures: draws one galaxy of a class as an array (see `drawing`)."""

from galaxy_lib.simulator.drawing import Frame, Plan, draw, plan_sample, simulate_galaxy

__all__ = ["Frame", "Plan", "draw", "plan_sample", "simulate_galaxy"]
