"""Where the study files are: in runs/studies of a checkout, in the package once installed."""

from pathlib import Path

from kmc_li.errors import UserError


def studies_folder() -> Path:
    """The folder of the study files that come with kmc_li. Raises UserError if it is missing."""
    package = Path(__file__).parent
    for folder in (package / "studies", package.parent / "runs" / "studies"):
        if folder.is_dir():
            return folder
    raise UserError(f"{package}: the study files are missing; install kmc_li again")


def study_path(study: str) -> Path:
    """The file meant by a path, or by the bare name of a study that comes with kmc_li ("piezo").

    A path that does not exist is returned as it is: reading it gives the clear error.
    """
    path = Path(study)
    if path.exists() or path.name != study or path.suffix:
        return path
    shipped = studies_folder() / f"{study}.toml"
    if shipped.is_file():
        return shipped
    names = ", ".join(sorted(file.stem for file in studies_folder().glob("*.toml")))
    raise UserError(f"{study}: no such file, and no study of this name comes with kmc_li (these do: {names})")
