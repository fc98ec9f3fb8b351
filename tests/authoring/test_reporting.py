from reactor_actors.core.wire.outbound import Failure, Reply
from tests.authoring.reporting import Reporter
from tests.local import serving


async def test_everybody_hears_the_progress_in_the_order_it_was_told() -> None:
    async with serving(Reporter) as local:
        anna, bert = local.join("anna"), local.join("bert")
        await bert.until(lambda: len(bert.messages) > 14 or None)
        for client in (anna, bert):
            told = [(name, data) for name, data in client.messages if name != "hello"]
            start = next(i for i, (name, _) in enumerate(told) if name == "piece_done") + 1
            assert told[start : start + 6] == [
                *[("progress", {"step": step, "total": 5}) for step in range(1, 6)],
                ("piece_done", {"steps": 5}),
            ]


async def test_a_newcomer_is_welcomed_alone() -> None:
    async with serving(Reporter) as local:
        anna = local.join("anna")
        assert await anna.heard("hello") == {"you": "anna"}
        bert = local.join("bert")
        assert await bert.heard("hello") == {"you": "bert"}
        assert [data for name, data in anna.messages if name == "hello"] == [{"you": "anna"}]


async def test_who_asks_is_answered_and_who_asks_too_much_is_refused() -> None:
    async with serving(Reporter) as local:
        anna = local.join("anna")
        answer = await anna.ask("progress")
        assert isinstance(answer, Reply)
        assert answer.type == "progress"
        assert answer.data["total"] == 5
        refused = await anna.ask("rewind", to=99)
        assert refused == Failure("anna-2", "rewind", "not_there_yet", "step 99 is still to come")


async def test_the_contract_describes_messages_and_replies() -> None:
    async with serving(Reporter, session=False) as local:
        messages = {m.name: m for m in local.contract.messages}
        assert set(messages) == {"progress", "piece_done", "hello"}
        assert messages["progress"].summary == "How far the piece is."
        assert messages["progress"].schema["required"] == ["step"]
        commands = {c.name: c for c in local.contract.commands}
        assert (commands["progress"].summary, commands["progress"].reply) == (
            "Ask how far it is.",
            "progress",
        )
