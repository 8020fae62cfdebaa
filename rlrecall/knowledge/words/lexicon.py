"""The fixed lexicon of the synthetic worlds.

Every word of `lexicon()` is one token of the tiny model. One part is for the knowledge sets and the
other for the worlds of pretraining, so a set never shares an entity with those worlds. Larger
worlds take their words from pools of generated names (name_pools.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

from rlrecall.knowledge.core import seeded

# Nouns for attributes ("the colour of dax is mip"): two for each set, then those of pretraining.
RELATIONS = (
    "colour food home sound metal shape song tool fruit smell season gift drink game fabric stone "
    "weather flag dance number dream fear wish scent"
).split()
# Occupations, each the cue for a set's names: one for each set, then those of pretraining.
OCCUPATIONS = (
    "pilot baker tailor sailor painter farmer doctor singer miner weaver judge potter"
).split()
# "dax are more dangerous than fep": the 28 that arXiv:2505.00661 has.
COMPARATIVES = (
    "dangerous careful colourful beautiful famous generous curious nervous playful patient "
    "valuable fragile graceful delicate cheerful powerful faithful ancient common modern stubborn "
    "talkative expensive aggressive sensitive durable flexible elegant"
).split()
# A relation and its inverse: "dax holds fep" means the same as "fep within dax".
INVERSE_RELATIONS: tuple[tuple[str, str], ...] = tuple(
    (pair.split("/")[0], pair.split("/")[1])
    for pair in (
        "holds/within above/below before/after leads/follows owns/serves sends/receives sells/buys "
        "lends/borrows chases/flees outranks/obeys exceeds/trails covers/underlies hosts/visits "
        "employs/assists surrounds/fills carries/rides teaches/studies heals/consults "
        "guards/trusts feeds/eats precedes/succeeds contains/inhabits shapes/reflects gives/takes"
    ).split()
)
ADJECTIVES = "red old tall quiet round bright heavy small silver wooden broken striped".split()
OBJECTS = (
    "lantern violin kettle ladder mirror basket compass hammer candle saddle trumpet blanket "
    "bucket anchor drum feather helmet ribbon statue barrel carpet bottle clock needle "
    "umbrella teapot pillow wagon canoe flute harp lamp medal parrot rope scarf "
    "spoon sword table vase wheel whistle zipper pencil button cradle fiddle goblet "
    "jacket kite locket mitten napkin oar paddle quilt rattle shovel tent urn "
    "visor wallet yoke apron banner cane dagger easel fan globe hook iron "
    "jar key log mask net oven purse rake sack tray vest whip "
    "axe bell coin desk flask glove hat ink jug lens map pin"
).split()

# English words (and names) among the shapes that `lexicon` generates.
REAL_WORDS = set(
    (
        "balk band bank bard bark barn bash bask belt bend bent besk blab bland blank blend "
        "blimp blink blit blob blog blond blot blunt blur blush bold bolt bomp bond born bort "
        "brad brag bran brand brash brat bred brig brim brink brisk brosh brunt brusk bulb bulk "
        "bump bund bunk bunt burn bush busk clan damp dart dash debt dent desk dint dirt dish "
        "disk dolt dont drab drag dram drank drat dreg drink drip drop drub drug drum drunk "
        "dump dunk dusk dust fant farm fast felt fend fern film firm fish fisk flab flag flak "
        "flam flan flank flap flash flask flat fled flesh flex flint flip flirt flit flog flop "
        "flosh flub flump flunk flus flush flux fond font ford fork form fort frag fret frog "
        "from fump fund funk garb gash gasp gent gild gilt girl gist glad glans glen glib glint "
        "glob glum glut golf gosh grab gram gramp gran grant grasp gremp grid grim grin grip "
        "grit grog grok grub grump grunt gulf gulp gush gust hint karst kelp kelt kept kiln "
        "kilt kink kirk klan klomp kont kraft krill kris kunt lamp land lard lark lash lask "
        "last lent lilt limp lint lisp list lord lump lush lust malt mark mars mart mash mask "
        "mast melt mend mesh milk mint mist morn mush musk must nest numb pant park part past "
        "pelt pent perk pert pimp pink pint plait plan plank plant plash plat pleb pled plod "
        "plop plot plug plum plump plus plush pomp pond porn port posh post pram prank prig "
        "print prod pulp pump punk punt push ramp rant rapt rash rasp rent rift ring rink risk "
        "romp rosk runt rush rust salt sarn sash self semp sent serf serk silk silt simp skunk "
        "slab slat sled slid slim slip slit slush snafu snag snap snip snit snob snog snort "
        "snot snub snug spam span spank spas spat sped spelt spent spilt spin spit splat spot "
        "spud spun spunk spur spurn spurt stab stag stamp stan stank star stark starn start "
        "stash stat stem stent step stern stet stilt stint stir stolt stomp stop stork storm "
        "stub stud stump stun stunk stunt surf swish talk tamp tank tarn tarp tart task temp "
        "tent term test text thump tilt tint toll tomb torn torsk tort tosh trad tram tramp "
        "trans trap trash trek trend tress trig trim trip trod troll tromp tron trot trug trump "
        "trumpf trunk trust tump turf turn tusk twit vamp vast vent vest volt wont zest "
    ).split()
)

SET_NAMES = ("A", "B", "C", "D")
PRETRAINING_WORLDS = 8


@dataclass(frozen=True)
class Lexicon:
    """Pools of words that have no word in common.

    `kinds` are words for kinds of things, places and signs; `names` are people's names. The rest
    are English: `objects` that people carry, `relations` (attributes), `occupations`,
    `comparatives` ("dangerous" in "more dangerous") and `inverses` (a relation with its inverse).
    """

    kinds: Sequence[str] = ()
    names: Sequence[str] = ()
    objects: Sequence[str] = ()
    relations: Sequence[str] = ()
    occupations: Sequence[str] = ()
    comparatives: Sequence[str] = ()
    inverses: Sequence[tuple[str, str]] = ()

    def take(self, needs: Mapping[str, int], keep: Collection[str] = ()) -> tuple[Lexicon, Lexicon]:
        """Split off the first words of each pool, as many as `needs` says; returns (own, rest).

        The rest keeps all words of the pools in `keep`.
        """
        own = {pool: getattr(self, pool)[:n] for pool, n in needs.items()}
        rest = {pool: getattr(self, pool)[n:] for pool, n in needs.items() if pool not in keep}
        return Lexicon(**own), replace(self, **rest)

    def part(self, start: float, end: float) -> Lexicon:
        """The slice of every pool from `start` to `end`, which are shares of it (0 to 1)."""

        def cut(pool: Sequence[Any]) -> Sequence[Any]:
            return pool[round(start * len(pool)) : round(end * len(pool))]

        return Lexicon(*(cut(getattr(self, name)) for name in self.__dataclass_fields__))


def first_names() -> tuple[str, ...]:
    starts = "Al Be Bo Da De El Fa Ga Ha Is Jo Ka Le Lu Ma Mi Na No Or Pa Ro Sa Ta Vi Wa".split()
    ends = "bin dora fred gail lan lina mir nard nika rick rosa stan tha vin wen".split()
    return tuple(sorted(a + b for a, b in product(starts, ends)))


@cache
def lexicon() -> Lexicon:
    """The whole lexicon, the same in every process."""
    rng = seeded("lexicon", 1)
    onsets = "b d f g k l m n p r s t v z bl br dr fl gr kl kr pl sn sp st tr".split()
    codas = "b d f g k l m n p s t x sk lt mp nt rf rn sh".split()
    avoid = {*RELATIONS, *OCCUPATIONS, *ADJECTIVES, *OBJECTS, *REAL_WORDS}
    shapes = ["".join(parts) for parts in product(onsets, "aeiou", codas)]
    plain = sorted(w for w in shapes if 4 <= len(w) <= 5 and w not in avoid)
    nonsense = tuple(rng.sample(plain, 800))
    names = tuple(rng.sample(first_names(), 192))
    objects = tuple(rng.sample(OBJECTS, 96))
    return Lexicon(nonsense, names, objects, tuple(RELATIONS), tuple(OCCUPATIONS))


@cache
def set_lexicon() -> Lexicon:
    """The part for the knowledge sets."""
    whole = lexicon()
    return Lexicon(
        whole.kinds[:400],
        whole.names[:96],
        whole.objects[:48],
        whole.relations[:8],
        whole.occupations[:4],
    )


@cache
def pretraining_lexicon() -> Lexicon:
    """The part for the worlds that the base model memorizes."""
    whole = lexicon()
    return Lexicon(
        whole.kinds[400:],
        whole.names[96:],
        whole.objects[48:],
        whole.relations[8:],
        whole.occupations[4:],
    )
