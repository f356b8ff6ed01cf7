"""About two hundred hostile requests and texts, each with its safe outcome, and the honest ones that must pass.

``index.py`` names each with the test that tries it; ``README.md`` beside it is made of that.
"""
