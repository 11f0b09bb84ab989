"""Pictures of the documentation, drawn from the library's embedded data.

``python -m docs.pictures`` writes all of them to ``docs/_static/pictures``, once for light and
once for dark pages; ``python -m docs.pictures chain cutting`` writes two.
"""
