"""The words of the synthetic worlds, drawn once and for all.

Every word is one token of the tiny model. The lexicon is cut into a part for the knowledge sets and
a part that only pretraining's own worlds use, so a set never shares an entity with those worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

from rlrecall.knowledge.core import seeded

# Nouns that name an attribute ("the colour of dax is mip"): two for each set, then pretraining's.
RELATIONS = (
    "colour food home sound metal shape song tool fruit smell season gift drink game fabric stone "
    "weather flag dance number dream fear wish scent"
).split()
# Occupations, the cue of a set's names: one for each set, then pretraining's.
OCCUPATIONS = (
    "pilot baker tailor sailor painter farmer doctor singer miner weaver judge potter"
).split()
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

# Shapes that the phonotactics below would allow and that are words already.
_REAL_WORDS = set(
    "bask besk blab blimp blob blog blot blunt blur blush bolt bomp born bort brag bran brash brat bred "
    "brim brisk brad brig bump bulk bunk bunt bund bush busk balk band bank bard bark barn bash belt "
    "bend bent bulb burn bolt bold bond damp dart dash debt dent desk dint dirt disk dish dolt dump "
    "dunk dusk dust drab drag dram drat dreg drip drop drub drug drum farm fast felt fend fern film "
    "firm fish fisk fond font ford fork form fort fump fund funk flab flag flak flan flap flat fled "
    "flex flip flit flog flop flub flux frag fret frog from garb gasp gash gent gild gilt girl gist "
    "glad glen glib glob glum glut golf gosh gulf gulp gush gust glint grab gram gran grasp grid grim "
    "grin grip grit grub grunt gremp karst kelp kelt kept kiln kilt kink kirk kris lamp land lard lark "
    "lash last lent lint lisp list lord lush lust malt mark mars mart mash mask mast melt mend mesh "
    "milk mint mist morn mush musk must nest numb pant park part past pelt pent perk pert pimp pink "
    "pint plan plod plop plot plug plum plump plus plush pomp pond porn port posh post pulp pump punk "
    "punt push ramp rant rapt rash rasp rent rift ring rink risk romp rosk runt rush rust salt sash "
    "self sent serf serk silk silt simp slab sled slid slim slip snag snap snip snit snob snog snot "
    "snub snug snort span spat spas sped spin spit spot spud spun spur spurn spurt spunk spam spank "
    "spent spilt splat stab stag stan stank star start stat stem step stern stet stilt stint stir stop "
    "stork storm stub stud stun stunt stark starn surf talk tank tarp tart task temp tent term test "
    "text tilt toll tomb torn tort tosh trad tram tramp trap trash trek trend trim trip trod tron trot "
    "troll trump trunk trust turf turn tusk tump vamp vast vent vest volt vent zest blond blank blend "
    "blink bland brand brink brunt drank drink drunk flank flash flask flesh flint flirt flunk flush "
    "flump plank plant plait print prank skunk stamp stomp stump stunk stash swish thump tress brusk "
    "krill kraft klomp glans pleb prod pram snafu flus grog grok flam clan trans trig trug torn torsk "
    "sarn semp tarn temp zest gramp trumpf stent stolt tramp flosh slush brosh blit lush slat kunt kont pled grant limp lump lilt tint tamp plat plash spelt dont grump grim "
    "klan lask slit snit tromp spat twit hint runt fant prig wont".split()
)

SET_NAMES = ("A", "B", "C", "D")
PRETRAINING_WORLDS = 8


@dataclass(frozen=True)
class Lexicon:
    """Pools of words; the four lists share no word with one another."""

    nonsense: tuple[str, ...]
    names: tuple[str, ...]
    objects: tuple[str, ...]
    relations: tuple[str, ...]
    occupations: tuple[str, ...]

    def part(self, start: float, end: float) -> Lexicon:
        """The slice from `start` to `end` (shares of each pool, 0 to 1) of every pool."""

        def cut(pool: tuple[str, ...]) -> tuple[str, ...]:
            return pool[round(start * len(pool)) : round(end * len(pool))]

        return Lexicon(*(cut(getattr(self, name)) for name in self.__dataclass_fields__))


@cache
def lexicon() -> Lexicon:
    """The whole lexicon, the same in every process."""
    rng = seeded("lexicon", 1)
    onsets = "b d f g k l m n p r s t v z bl br dr fl gr kl kr pl sn sp st tr".split()
    codas = "b d f g k l m n p s t x sk lt mp nt rf rn sh".split()
    avoid = {*RELATIONS, *OCCUPATIONS, *ADJECTIVES, *OBJECTS, *_REAL_WORDS}
    shapes = ["".join(parts) for parts in product(onsets, "aeiou", codas)]
    plain = sorted(w for w in shapes if 4 <= len(w) <= 5 and w not in avoid)
    nonsense = tuple(rng.sample(plain, 600))
    starts = "Al Be Bo Da De El Fa Ga Ha Is Jo Ka Le Lu Ma Mi Na No Or Pa Ro Sa Ta Vi Wa".split()
    ends = "bin dora fred gail lan lina mir nard nika rick rosa stan tha vin wen".split()
    names = tuple(rng.sample(sorted(a + b for a, b in product(starts, ends)), 192))
    objects = tuple(rng.sample(OBJECTS, 96))
    return Lexicon(nonsense, names, objects, tuple(RELATIONS), tuple(OCCUPATIONS))


@cache
def set_lexicon() -> Lexicon:
    """What the knowledge sets are made of."""
    whole = lexicon()
    return Lexicon(
        whole.nonsense[:288],
        whole.names[:96],
        whole.objects[:48],
        whole.relations[:8],
        whole.occupations[:4],
    )


@cache
def pretraining_lexicon() -> Lexicon:
    """What only the worlds that the base learns by heart are made of."""
    whole = lexicon()
    return Lexicon(
        whole.nonsense[288:],
        whole.names[96:],
        whole.objects[48:],
        whole.relations[8:],
        whole.occupations[4:],
    )
