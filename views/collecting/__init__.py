"""Rounds and submissions: the control room, a school's page, requests, files and letters of a round."""
