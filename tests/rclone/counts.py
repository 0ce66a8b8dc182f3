"""The counts of the suites for docs/integrations.md."""
import collections

import fixtures
import suites

DOCS = fixtures.ROOT / "docs" / "integrations.md"
BEGIN, END = "<!-- counts of rclone's suites: begin -->\n", "<!-- counts of rclone's suites: end -->\n"


def table(ran):
    """`ran` has the outcomes by test, by suite and remote."""
    lines = ["| suite | remote | passed | skipped | failed |", "| --- | --- | --- | --- | --- |"]
    reasons = collections.defaultdict(collections.Counter)
    for (suite, remote), outcomes in sorted(ran.items()):
        results = collections.Counter(outcome.result for outcome in outcomes.values())
        lines.append(f"| {suite} | {remote} | {results['PASS']} | {results['SKIP']} | {results['FAIL']} |")
        for name, expected in suites.expectations(suite, remote).items():
            reasons[expected.result, expected.reason][suite, remote] += name in outcomes
    lines += ["", "| why not passed | tests of each remote |", "| --- | --- |"]
    for (result, reason), numbers in sorted(reasons.items()):
        of = collections.defaultdict(set)
        for (suite, _), number in numbers.items():
            of[suite].add(number)
        where = ", ".join(f"{suite} {'/'.join(map(str, sorted(numbers)))}" for suite, numbers in sorted(of.items()))
        lines.append(f"| {'fails: ' if result == 'FAIL' else ''}{reason} | {where} |")
    return "\n".join(lines) + "\n"


def in_docs():
    """What the docs have."""
    return DOCS.read_text().partition(BEGIN)[2].partition(END)[0]


def write_docs(text):
    """Puts it there."""
    before, _, rest = DOCS.read_text().partition(BEGIN)
    DOCS.write_text(before + BEGIN + text + END + rest.partition(END)[2])
