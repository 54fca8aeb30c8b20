"""One repository has one identity, however its address is spelled; two have two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.identity import Identity, is_path, repository_at
from reconciler.plan.tags import tag_value

SPELLINGS = {
    "github.com/acme/jobs": [
        "https://github.com/acme/jobs",
        "https://github.com/acme/jobs.git",
        "https://github.com/acme/jobs.git/",
        "https://github.com/acme/jobs/",
        "https://github.com//acme//jobs",
        "https://GitHub.com/Acme/Jobs.git",
        "https://github.com/acme/jobs.GIT",
        "https://github.com./acme/jobs",
        "https://www.github.com/acme/jobs",
        "https://github.com:443/acme/jobs.git",
        "https://token@github.com/acme/jobs.git",
        "https://x-access-token:s3cret@github.com/acme/jobs.git",
        "https://user:p@ss@github.com/acme/jobs.git",
        "http://github.com/acme/jobs",
        "git://github.com/acme/jobs.git",
        "ssh://git@github.com/acme/jobs.git",
        "ssh://git@github.com:22/acme/jobs.git",
        "ssh://git@ssh.github.com:443/acme/jobs.git",
        "git+ssh://git@github.com/acme/jobs.git",
        "git@github.com:acme/jobs.git",
        "git@github.com:/acme/jobs.git",
        "git@ssh.github.com:acme/jobs.git",
        "org-1234@github.com:acme/jobs.git",
        "github.com:acme/jobs",
        "[git@github.com:22]:acme/jobs.git",
        " https://github.com/acme/jobs.git\n",
    ],
    "gitlab.com/acme/payments/prod/jobs": [
        "https://gitlab.com/acme/payments/prod/jobs.git",
        "https://gitlab-ci-token:s3cret@gitlab.com/acme/payments/prod/jobs.git",
        "git@gitlab.com:acme/payments/prod/jobs.git",
        "ssh://git@altssh.gitlab.com:443/acme/payments/prod/jobs.git",
    ],
    "bitbucket.org/acme/jobs": [
        "https://ada@bitbucket.org/acme/jobs.git",
        "git@bitbucket.org:acme/jobs.git",
        "ssh://git@altssh.bitbucket.org:443/acme/jobs.git",
    ],
    "dev.azure.com/acme/our shop/jobs": [
        "https://acme@dev.azure.com/acme/our%20shop/_git/jobs",
        "https://dev.azure.com/acme/Our%20Shop/_git/jobs",
        "git@ssh.dev.azure.com:v3/acme/our%20shop/jobs",
        "ssh://git@ssh.dev.azure.com/v3/acme/our%20shop/jobs",
    ],
    "git.corp.example/jobs": [
        "https://git.corp.example:8443/jobs.git",
        "git@git.corp.example:jobs",
        "ssh://git@git.corp.example:2222/jobs.git",
        "[git.corp.example:2222]:jobs.git",
    ],
    "git.corp.example/~ada/jobs": [
        "ssh://ada@git.corp.example/~/jobs.git",
        "ssh://git@git.corp.example/~ada/jobs.git",
        "ada@git.corp.example:~/jobs.git",
    ],
    "[2001:db8::1]/acme/jobs": [
        "ssh://git@[2001:db8::1]/acme/jobs.git",
        "ssh://git@[2001:DB8:0:0:0:0:0:1]:2222/acme/jobs.git",
        "https://[2001:db8::1]:8443/acme/jobs",
        "[2001:db8::1]:acme/jobs.git",
        "git@[2001:db8::1]:acme/jobs.git",
    ],
    "xn--bcher-kva.example/jobs": [
        "https://b\u00fccher.example/jobs",
        "https://bu\u0308cher.example/jobs",
        "https://xn--bcher-kva.example/jobs.git",
    ],
    "/srv/git/jobs": [
        "/srv/git/jobs",
        "/srv/git/jobs.git",
        "/srv/git/jobs.git/",
        "/srv/git/jobs/.git",
        "/srv/./git/../git/jobs",
        "file:///srv/git/jobs.git",
        "file://localhost/srv/git/jobs.git",
    ],
    "c:/git/jobs": [
        "C:\\git\\jobs.git",
        "c:/Git/jobs",
        "file:///C:/git/jobs.git",
        "file://C:/git/jobs.git",
    ],
    "//server/share/jobs": ["\\\\server\\share\\jobs.git", "file://server/share/jobs.git"],
    "codecommit::us-east-1://jobs": [
        "codecommit::us-east-1://jobs",
        "codecommit::us-east-1://profile@jobs",
    ],
}


@pytest.mark.parametrize(
    ("address", "repository"),
    [(address, repository) for repository, every in SPELLINGS.items() for address in every],
)
def test_every_spelling_of_an_address_is_one_repository(address: str, repository: str) -> None:
    assert repository_at(address) == repository


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://gitlab.com/acme/payments/prod/jobs", "https://gitlab.com/acme/search/prod/jobs"),
        ("https://github.com/acme/jobs", "https://ghe.corp.example/acme/jobs"),
        ("https://github.com/acme/jobs", "https://github.com/acme/jobs-2"),
        ("https://github.com/acme/jobs", "https://github.com/acme-jobs"),
        ("https://host.example/a/b", "https://host.example/a-b"),
        ("https://github.com/acme/jobs.git", "https://github.com/acme/jobs.git.git"),
        ("/srv/git/Jobs", "/srv/git/jobs"),
        ("/srv/a/jobs", "/srv/b/jobs"),
        ("/srv/git/jobs", "https://srv/git/jobs"),
        ("ada@host.example:~/jobs.git", "bob@host.example:~/jobs.git"),
        ("codecommit::us-east-1://jobs", "codecommit::eu-west-1://jobs"),
        ("C:/git/jobs", "D:/git/jobs"),
        ("ssh://git@[2001:db8::1]/jobs", "ssh://git@[2001:db8::2]/jobs"),
        ("local:acme/jobs", "local:0123456789abcdef"),
    ],
)
def test_two_repositories_are_two(one: str, other: str) -> None:
    assert repository_at(one) != repository_at(other)


@pytest.mark.parametrize("address", [*SPELLINGS["github.com/acme/jobs"]])
def test_no_part_of_an_address_that_may_be_secret_stays(address: str) -> None:
    assert not {"s3cret", "token", "p@ss"} & {*repository_at(address).replace("@", "/").split("/")}


def test_a_path_is_distinguished_from_an_address_since_it_may_be_relative() -> None:
    assert is_path("../jobs.git")
    assert is_path("./host:jobs")
    assert is_path("/srv/jobs")
    assert not any(map(is_path, ["git@host:jobs", "https://h/j", "C:\\jobs", "codecommit::x"]))


parts = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=8)
paths = st.lists(parts, min_size=1, max_size=4).map(tuple)
hosts = st.tuples(parts.filter(str.isalpha), st.sampled_from(["example", "test"])).map(".".join)
spelled = st.sampled_from(
    [
        "https://{host}/{path}",
        "https://user:pass@{host}:8443/{path}.git",
        "ssh://git@{host}:2222/{path}.git/",
        "git@{host}:{path}.git",
        "{host}:/{path}",
        "git://{host}/{path}/",
        "file://{host}/{path}",
    ]
)
cased = st.sampled_from([str, str.upper, str.title])


@given(hosts, paths, spelled.filter(lambda form: "file" not in form), cased)
def test_spellings_of_one_repository_are_equal(
    host: str, path: tuple[str, ...], form: str, case: type[str]
) -> None:
    plain = repository_at(f"https://{host}/{'/'.join(path)}")
    assert plain == f"{host}/{'/'.join(path)}"
    assert repository_at(form.format(host=case(host), path=case("/".join(path)))) == plain


@given(hosts, paths, spelled, hosts, paths, spelled)
def test_different_repositories_differ(
    host: str, path: tuple[str, ...], form: str, host2: str, path2: tuple[str, ...], form2: str
) -> None:
    one = repository_at(form.format(host=host, path="/".join(path)))
    other = repository_at(form2.format(host=host2, path="/".join(path2)))
    same = (host, path, "file" in form) == (host2, path2, "file" in form2)
    assert (one == other) == same


@given(st.text(max_size=80))
def test_any_text_has_an_identity_that_is_stable(text: str) -> None:
    identity = Identity(repository_at(text), "schedules")
    assert Identity.read(str(identity)) == identity
    assert tag_value(identity.digest) == identity.digest


def test_an_identity_is_named_in_full_by_its_repository_or_by_any_spelling_of_it() -> None:
    identity = Identity("github.com/acme/jobs", "team/schedules")
    assert str(identity) == "github.com/acme/jobs//team/schedules"
    for named in (
        "github.com/acme/jobs//team/schedules",
        "github.com/acme/jobs",
        "git@github.com:Acme/Jobs.git",
    ):
        assert identity.is_named_by(named)
    for other in ("acme/jobs", "acme-jobs", "github.com/acme/jobs//other", "", identity.digest):
        assert not identity.is_named_by(other)
    assert Identity("local:0f", "schedules").is_named_by("local:0f")
