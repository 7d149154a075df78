"""`data/manifest.json`: what `prepare` did."""

from dataclasses import dataclass, field

from lesion.records.common import Count, Label, Method, Provenance, Share


@dataclass(frozen=True)
class Siblings:
    """Some rows, and how many of them share a group with a row elsewhere."""

    rows: Count
    with_sibling: int


@dataclass(frozen=True)
class PreparationSettings:
    """The options of `prepare`."""

    data: str
    limit: int
    image_size: int
    seed: int
    split: str
    clean: bool
    metadata: str  # the table that --metadata names; empty if none was named
    search: bool  # look for images of one lesion in the pixels though a table groups all of them
    masks: str = ""  # the folder that --masks names; empty if none was named


@dataclass(frozen=True)
class SourceRecord:
    """Where the images come from."""

    name: str  # isic, folder, parquet or sample
    description: str
    replaced: str | None  # why `auto` had to take the sample, if it had to
    outlines: str = ""  # who knows the lesions' outlines: "drawn", that is, the project itself; "masks"; or nobody

    @property
    def drawn(self) -> bool:
        """Tell whether the images are drawn by the project."""
        return self.name == "sample"


@dataclass(frozen=True)
class Unreadable:
    """A row whose image cannot be decoded."""

    row: int
    reason: str


@dataclass(frozen=True)
class PreprocessingShares:
    """Shares of the readable images, and of their pixels, in 0 to 1."""

    cropped_share: Share
    cleaned_share: Share
    painted_pixels_share: Share
    rim_share: Share | None = None  # of the cropped images, those with a dark rim left; None if none was cropped
    squeezed_share: Share | None = None  # images whose sides clearly differed before they were squeezed to a square


@dataclass(frozen=True)
class MetadataRecord:
    """A table of what is known of the images, and how well it fits them."""

    file: str  # name of the file, or of the column's source
    columns: dict[str, str]  # lesion, patient, group, age, sex, site -> the table's column
    matched: int  # rows of the data that the table knows
    unmatched: int  # rows of the data that it does not know
    foreign: int  # lines of the table for other images
    repeated: int  # lines that repeat an image of an earlier line
    unknown: dict[str, int]  # age, sex, site -> matched rows for which it is not known
    conflicts: int  # lesions of the table whose images have both labels


@dataclass(frozen=True)
class MaskRecord:
    """Masks of the lesions, and how well they fit the images."""

    known: int  # readable images whose outline is known by them
    problems: dict[str, int]  # why a mask gave no outline, see `images.masks.PROBLEMS` -> readable images
    others: int  # files that are the mask of no image
    digest: str  # of the outlines as they are stored


@dataclass(frozen=True)
class LargeGroup:
    """One of the largest groups, with pictures of its first rows."""

    size: int
    split: str  # the splits it is in
    rows: list[int]
    pictures: list[str]


@dataclass(frozen=True)
class Groups:
    """Which images show one lesion, how that was found, and how the splits treat it."""

    origin: str  # source, table, pixels, or table and pixels: who says so
    origins: dict[str, int]  # source, table, pixels, identical, alone -> rows whose group comes from there
    count: int
    sizes: dict[str, int]  # images in a group -> number of such groups
    shared: dict[str, int]  # train/test and so on -> number of groups in both
    siblings: dict[str, Siblings | None]  # kind of split -> test images with a sibling in training
    external: Siblings | None  # external images with a sibling among those that were split
    checked: int | None  # pairs of images that were compared; None if the source knows the groups
    links: int | None  # of these, pairs that show one lesion
    dropped: int | None  # links between rows that are in different groups in the end
    largest: list[LargeGroup]


@dataclass(frozen=True)
class Example:
    """A photograph before and after preprocessing."""

    row: Count
    label: Label
    what: str  # cropped or cleaned
    before: str
    after: str
    before_width: float | None = None  # width of `before` at the scale at which the square `after` is 1 high
    before_height: float | None = None  # its height at that scale; 1 if nothing was cropped


@dataclass(frozen=True)
class AugmentedExample:
    """A training image as it is and as training sees it."""

    row: Count
    label: Label
    original: str
    augmented: str


@dataclass(frozen=True)
class PlannedTraining:
    """What the profile `quick` gives one network, and what that takes here."""

    model: str
    weights: str  # that were asked for; from others it would be planned anew
    epochs: int
    tune_epochs: int
    views: int  # 0: frozen layers run anew in each step, or nothing is frozen
    seconds: float  # of the training, about, at most
    full_seconds: float  # of the training in the full experiment
    shortened: bool  # fewer epochs or views than there


@dataclass(frozen=True)
class ProfilePlan:
    """What the profile `quick` takes of the full experiment, decided once by measured speed."""

    reason: str  # asked, no GPU: why the profile is quick
    rows: Count  # that are taken
    of: int  # rows of the source, or as --limit says
    image_size: int
    full_image_size: int
    seconds: float  # of the whole experiment, about, at most
    full_seconds: float  # of the full one on the same machine
    trainings: list[PlannedTraining]  # of the networks that were asked for, and then of others


@dataclass(frozen=True)
class PreparationRecord:
    """`data/manifest.json`: what `prepare` did."""

    fingerprint: str
    data: str  # fingerprint of the prepared content
    settings: PreparationSettings
    method: Method
    source: SourceRecord
    metadata: MetadataRecord | None
    classes: list[str]
    rows: Count
    counts: dict[str, dict[str, Count]]  # split -> class -> images
    unreadable: list[Unreadable]
    preprocessing: PreprocessingShares
    groups: Groups
    examples: list[Example]
    augmentation: list[AugmentedExample]
    provenance: Provenance
    masks: MaskRecord | None = field(default=None, metadata={"optional": True})  # None if there are none
    plan: ProfilePlan | None = field(default=None, metadata={"optional": True})  # None: all of it, as designed
