"""What the instruction check makes of callgrind's listing."""
import importlib.machinery
import importlib.util
import pathlib

import pytest

loader = importlib.machinery.SourceFileLoader('check', str(pathlib.Path(__file__).with_name('check')))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader('check', loader))
loader.exec_module(check)

LISTING = '''\
Ir
--------------------------------------------------------------------------------
20,164,038 (100.0%)  PROGRAM TOTALS

Ir                   file:function
14,641,756 (72.61%)  ???:0x0000000000029bb0 [/usr/lib/x86_64-linux-gnu/libisal.so.2.0.30]
 4,506,072 (22.35%)  /x/base/buffer.cc:penstock::Buffer::Append(std::string) [/x/bench_hot_path]
    25,244 ( 0.13%)  /usr/include/c++/12/bits/unique_ptr.h:penstock::Buffer::Append(std::string)
'''


def test_parse_adds_up_what_was_inlined():
    total, functions = check.parse(LISTING)
    assert total == 20_164_038
    assert functions == {'0x0000000000029bb0 of libisal.so.2.0.30': 14_641_756,
                         'penstock::Buffer::Append(std::string)': 4_531_316}


def test_parse_of_nothing_fails():
    with pytest.raises(SystemExit):
        check.parse('Ir\n')


def totals(chunk, part, mib):
    return {case: chunk * (size // of_chunk) + part * (size // of_part) + mib * (size // check.MIB)
            for case, (size, of_chunk, of_part) in check.CASES.items()}


def test_costs_are_told_apart():
    assert check.costs(totals(6000, 40_000, 600_000)) == {'chunk': 6000, 'part': 40_000, 'MiB': 600_000}


def bounds():
    return {'instructions': {'chunk': 6000, 'part': 40_000, 'MiB': 600_000},
            'functions': {case: {'Append': 1_000_000, 'Parse': 50_000} for case in check.CASES}}


def test_within_the_tolerance_nothing_is_wrong():
    functions = {case: {'Append': 1_010_000} for case in check.CASES}
    assert check.compare({'chunk': 6100, 'part': 40_000, 'MiB': 500_000}, bounds(), functions) == []


def test_a_failure_names_what_grew_and_what_is_new():
    functions = {case: {'Append': 1_500_000, 'Parse': 50_100, 'Checksum': 80_000} for case in check.CASES}
    problems = check.compare({'chunk': 6000, 'part': 40_000, 'MiB': 700_000}, bounds(), functions)
    assert problems[0] == 'a MiB takes 700,000 instructions, +16.7% of 600,000'
    assert '+500,000 Append' in problems[2]
    assert problems[3].endswith('Checksum   (new)')
    assert not any('Parse' in problem for problem in problems)
