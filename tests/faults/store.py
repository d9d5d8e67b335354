"""What the store and the outside must hold after all."""

import collections
import sqlite3


class Checks:
    """Looks at a run's store, and at what its effects left."""

    def ask(self, question):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10) as store:
            return store.execute(question).fetchall()

    def queued(self):
        try:
            return self.ask("SELECT count(*) FROM files WHERE state = 'queued'")[0][0]
        except sqlite3.Error:
            return 0

    def missing(self):
        try:
            states = {sha: state for sha, state in self.ask("SELECT sha256, state FROM films")}
        except sqlite3.Error:
            return ["the store cannot be read"]
        return [name for sha, name in [*self.good.items(), *self.bad.items()] if sha not in states] or self.queued()

    def waiting_effects(self):
        try:
            studies = self.scored_studies()
            return studies - self.written().keys() or studies - self.hooks.taken.keys() or len(self.pages()) < len(studies)
        except sqlite3.Error:
            return True

    def scored_studies(self):
        return {study for (study,) in self.ask("SELECT DISTINCT study FROM films WHERE state = 'scored'")}

    def written(self):
        file = self.data / "exports/studies.csv"
        lines = file.read_text().split("\n") if file.exists() else [""]
        return collections.Counter(int(line) if line.isdigit() else line for line in lines[:-1])

    def pages(self):
        file = self.folder / "pages"
        return set(file.read_text().split()) if file.exists() else set()

    def check(self):
        rows = self.ask("SELECT films.sha256, films.state, files.path, films.reason FROM films JOIN files ON files.id = films.file")
        known = self.good | self.bad
        by_film = collections.defaultdict(list)
        for sha, state, path, reason in rows:
            path = path.decode(errors="replace") if isinstance(path, bytes) else path
            if sha in known:
                by_film[sha].append((state, reason))
            elif state == "scored" or (state == "held" and path not in self.touched):
                self.complain(f"{path}: {state} ({reason}), but no such film came")
            else:
                self.figures["rows of what stood in a film's place"] += 1
        for wanted, expected in (("scored", self.good), ("held", self.bad)):
            for sha, name in expected.items():
                if [state for state, _ in by_film[sha]] != [wanted]:
                    self.complain(f"{name} must be {wanted} once, and is {by_film[sha] or 'nowhere'}")
        studies = self.scored_studies()
        written = self.written()
        pages = self.pages()
        for study in studies:
            if written[study] != 1:
                self.complain(f"the line of study {study} was written {written[study]} times")
            if len(self.hooks.taken[study]) != 1:
                self.complain(f"the message of study {study} came with {len(self.hooks.taken[study])} keys")
        for study in written:
            if written[study] > 1 or not isinstance(study, int):
                self.complain(f"the line {study!r} was written {written[study]} times")
        if len(pages) != len(self.hooks.taken):
            self.complain(f"{len(pages)} programs were run for {len(self.hooks.taken)} studies")
        self.figures["studies"], self.figures["lines written"] = len(studies), sum(written.values())
        self.figures["messages taken"], self.figures["programs run"] = len(self.hooks.taken), len(pages)
        if self.ask("PRAGMA integrity_check") != [("ok",)]:
            self.complain("the store is damaged")
