from fixtures import ROOT, emulator, stubs, workspace  # noqa: F401
