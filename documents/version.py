"""The product's version: of the code, and of what the code stores."""

VERSION = "0.1.0"
