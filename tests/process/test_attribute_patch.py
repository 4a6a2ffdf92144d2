"""Tests of attributes that are replaced for a while."""

from pytest_llmregress.process.attribute_patch import AttributePatch


class Base:
    said = "base"


class Derived(Base):
    pass


def test_what_was_replaced_is_put_back():
    replaced = AttributePatch()
    replaced.replace(Base, "said", "new")
    during = Base.said
    replaced.restore()

    assert (during, Base.said) == ("new", "base")


def test_what_was_inherited_is_inherited_again():
    replaced = AttributePatch()
    replaced.replace(Derived, "said", "new")
    replaced.restore()

    assert "said" not in vars(Derived)
    assert Derived.said == "base"


def test_of_several_replacements_of_one_attribute_the_first_value_comes_back():
    replaced = AttributePatch()
    replaced.replace(Base, "said", "one")
    replaced.replace(Base, "said", "two")
    replaced.restore()

    assert Base.said == "base"


def test_a_static_method_stays_one():
    class Owner:
        @staticmethod
        def say() -> str:
            return "static"

    replaced = AttributePatch()
    replaced.replace(Owner, "say", lambda: "new")
    replaced.restore()

    assert Owner().say() == "static"


def test_what_is_made_of_an_attribute_is_made_once_while_the_attribute_stays():
    made = []

    def build(real):
        made.append(real)
        return f"{real}, wrapped"

    replaced = AttributePatch()
    for _ in range(2):
        replaced.wrap(Base, "said", build)
        during = Base.said
        replaced.restore()
    assert (made, during, Base.said) == (["base"], "base, wrapped", "base")

    other = AttributePatch()
    other.replace(Base, "said", "other")
    replaced.wrap(Base, "said", build)
    during = Base.said
    replaced.restore()
    other.restore()
    assert (made, during, Base.said) == (["base", "other"], "other, wrapped", "base")
