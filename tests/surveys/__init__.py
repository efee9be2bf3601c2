"""Surveys: exports of respondents' answers, and the statistics made from them. All answers here are synthetic."""
