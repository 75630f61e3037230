"""From facts to text.

::

    source_lines   statements whose lines break where black breaks them
    render         templates + source lines -> the text of every file
"""
