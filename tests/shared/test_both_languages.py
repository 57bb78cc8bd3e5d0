"""What the console says, it says in Chinese and in English."""

from functools import partial

from django.utils import translation
from django.utils.translation import gettext_lazy

from zhudang.preservation import words
from zhudang.shared.both_languages import in_both
from zhudang.shared.refusals import Reason
from zhudang.shared.web.refusal import print_refusal


def test_a_sentence_comes_in_both_languages_whatever_language_is_in_force():
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert in_both(partial(str, gettext_lazy("日志完好"))).startswith("日志完好\n")
            assert translation.get_language() == language
    assert in_both(lambda: "STO-002", " / ") == "STO-002", "what is alike in both is said once"


def test_a_refusal_at_the_console_gives_every_reason_in_both(capsys):
    print_refusal([Reason("preservation.no_such_site", {"site": "x"}), Reason("preservation.no_bucket", {"site": "x"})])
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["没有代号为 x 的存储地", "There is no site with the code x"]
    assert len(said) == 4
    assert said[2] == str(words.REASONS["preservation.no_bucket"]) % {"site": "x"}
