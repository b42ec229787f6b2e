"""The checker finds what it is for: each test doctors one fact of a good run."""
import copy
import unittest

from checker import Acceptance, Attempt, Checker, Event, Made, Run


def a_run():
    made = {p: Made(p, [p], "hash-" + p, "subject " + p, "text " + p) for p in "abcdef"}
    return Run(
        made=made,
        acknowledged={"a", "b", "c", "d"},
        unknown={"e"},
        refused={"f"},
        key_ids={"k1": {"id-1"}},
        accepted={
            "a": [Acceptance(10.0, "onprem", True, "")],
            "b": [Acceptance(10.0, "onprem", False, ""), Acceptance(12.0, "onprem", True, "")],
            "c": [Acceptance(10.0, "mailjet", False, "att-c")],
            "e": [Acceptance(19.9, "onprem", True, ""), Acceptance(21.0, "onprem", True, "")],
        },
        contents=[("onprem", ["a"], "hash-a", "subject a", None), ("mailjet", ["c"], "", "subject c", "text c")],
        events={
            "a": [Event(10.1, "delivered", "onprem", "att-a")],
            "b": [Event(10.1, "unknown", "onprem", "att-b"), Event(12.1, "delivered", "onprem", "att-b2")],
            "c": [Event(10.1, "unknown", "mailjet", "att-c"), Event(11.0, "delivered", "mailjet", "att-c")],
            "d": [Event(10.1, "rejected_recipient", "onprem", "att-d")],
            "e": [Event(21.1, "delivered", "onprem", "att-e")],
        },
        states={"a": ["delivered"], "b": ["delivered"], "c": ["delivered"], "d": ["bounced"], "e": ["delivered"]},
        strikes=[20.0],
        asked={"k1": {"a": "delivered", "d": "bounced"}},
        offered={"k1": {"a", "d"}},
        attempts={"a": [Attempt("att-a", 9.9, 10.1)], "b": [Attempt("att-b2", 11.9, 12.1)]},
        dialogues=[[("connect", 220), ("MAIL", 250), ("RCPT", 250), ("RCPT", 550), ("DATA", 354), ("content", 250)],
                   [("MAIL", 250), ("RCPT", 450), ("DATA", 503), ("RSET", 250), ("unasked", 421)], [("MAIL", None)]],
    )


class CheckerTest(unittest.TestCase):
    def problems(self, change):
        run = copy.deepcopy(a_run())
        change(run)
        return Checker(run).check()

    def test_a_good_run_has_no_problem(self):
        checker = Checker(a_run())
        self.assertEqual(checker.check(), {})
        self.assertEqual(checker.ambiguous, 3)
        self.assertEqual(checker.figures()["repeated"], 2)

    def test_lost(self):
        self.assertIn("lost", self.problems(lambda run: (run.accepted.pop("a"), run.states.pop("a"))))

    def test_called_delivered_but_nowhere(self):
        self.assertIn("delivered, but no sink has it", self.problems(lambda run: run.accepted.pop("a")))

    def test_phantom(self):
        new = [Acceptance(10.0, "onprem", True, "")]
        self.assertIn("delivered, but never offered", self.problems(lambda run: run.accepted.update(x=new)))
        self.assertIn("delivered, but refused at the door", self.problems(lambda run: run.accepted.update(f=new)))

    def test_second_copy_after_a_known_delivery(self):
        self.assertIn("a second copy without an ambiguous attempt",
                      self.problems(lambda run: run.accepted["a"].append(Acceptance(15.0, "onprem", True, ""))))
        self.assertIn("a second copy without an ambiguous attempt", self.problems(lambda run: run.strikes.clear()))

    def test_a_strike_after_the_delivery_was_recorded_excuses_nothing(self):
        def change(run):
            run.strikes.append(30.0)
            run.accepted["a"].append(Acceptance(31.0, "onprem", True, ""))
        self.assertIn("a second copy without an ambiguous attempt", self.problems(change))

    def test_an_event_in_the_millisecond_of_the_next_copy_is_of_that_copy(self):
        def change(run):
            run.accepted["e"] = [Acceptance(19.9, "onprem", True, ""), Acceptance(21.1, "onprem", True, "")]
        self.assertEqual(self.problems(change), {})

    def test_two_sinks(self):
        self.assertIn("at two destinations", self.problems(lambda run: run.accepted["b"].append(Acceptance(13.0, "mailjet", True, "x"))))

    def test_two_truths(self):
        self.assertIn("two final states", self.problems(lambda run: run.states["a"].append("bounced")))
        self.assertIn("failed and delivered", self.problems(lambda run: run.states.update(a=["bounced"])))

    def test_changed_content(self):
        self.assertIn("changed content", self.problems(lambda run: run.contents.append(("onprem", ["a"], "other", "subject a", None))))
        self.assertIn("changed content", self.problems(lambda run: run.contents.append(("mailjet", ["c"], "", "subject c", "text x"))))

    def test_an_ambiguous_attempt_called_not_sent(self):
        def change(run):
            run.events["b"][0].outcome = "deferred_destination"
        self.assertIn("accepted, but called not sent", self.problems(change))

        def change_api(run):
            run.events["c"][0].outcome = "adapter_fault"
        self.assertIn("accepted, but called not sent", self.problems(change_api))

    def test_a_status_query_that_differs_from_reality(self):
        self.assertIn("a status query differs from the queue", self.problems(lambda run: run.asked["k1"].update(a="deferred")))
        self.assertIn("a status query differs from the queue", self.problems(lambda run: run.states.pop("d")))
        self.assertIn("a status query tells of other recipients", self.problems(lambda run: run.asked["k1"].pop("d")))
        self.assertIn("a status query tells of other recipients", self.problems(lambda run: run.asked.update(k1={})))

    def test_attempts_that_overlap(self):
        def longer(run):
            run.attempts["b"][0].started = 9.0
        self.assertIn("two attempts at once", self.problems(longer), "the first one's end is known by its event")

        def both_in_the_row(run):
            run.attempts["b"] = [Attempt("att-x", 11.0, 12.0), Attempt("att-y", 11.5, 12.5)]
        self.assertIn("two attempts at once", self.problems(both_in_the_row))

    def test_an_attempt_may_begin_in_the_millisecond_in_which_the_last_one_ended(self):
        def change(run):
            run.attempts["b"][0].started = 10.1
        self.assertEqual(self.problems(change), {})

    def test_a_reply_of_another_command(self):
        what = "a reply that its command cannot have"
        for command, code in (("MAIL", 354), ("DATA", 250), ("content", 354), ("connect", 250), ("RCPT", 220), ("unasked", 250)):
            with self.subTest(command=command):
                self.assertIn(what, self.problems(lambda run, one=(command, code): run.dialogues.append([one])))

    def test_poison_is_excused_only_where_a_strike_cut_its_attempt_off(self):
        what = "failed and delivered"
        def dead_letter(p):
            return lambda run: run.states.update({p: ["dead_lettered"]})
        self.assertIn(what, self.problems(dead_letter("a")), "no strike near its acceptance")
        self.assertNotIn(what, self.problems(dead_letter("e")))
        self.assertIn(what, self.problems(lambda run: run.states.update(e=["bounced"])), "a bounce is a refusal, whatever strikes")

    def test_a_notice_that_no_sink_has(self):
        what = "notices called delivered that no sink has"
        self.assertIn(what, self.problems(lambda run: run.notices.update(delivered=2, taken=1)))
        self.assertEqual(self.problems(lambda run: run.notices.update(delivered=2, taken=3, expired=1)), {})

    def test_one_key_two_messages(self):
        self.assertIn("one key, two messages", self.problems(lambda run: run.key_ids["k1"].add("id-2")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
