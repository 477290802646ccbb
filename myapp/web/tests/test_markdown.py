"""Texts of others in our pages: their headings take their place beneath ours."""

import re

import pytest

from myapp.web.markdown import to_html


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("## Programme\n\n## Speakers", "3 3"),
        ("# A\n\n### B\n\n# C", "3 4 3"),
        ("###### Small print", "3"),
        ("# 1\n\n## 2\n\n### 3\n\n#### 4\n\n##### 5\n\n###### 6", "3 4 5 6 6 6"),
    ],
)
def test_headings_of_a_text_start_at_the_third_level_and_leave_none_out(text: str, levels: str):
    assert " ".join(re.findall(r"<h(\d)>", to_html(text))) == levels
