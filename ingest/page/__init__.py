"""The report page: one HTML file about a batch, its data and the shop, made from the tables alone.

`query` reads the tables into the classes of `facts`; `charts` and `render` make the page of them.
"""
