from emulator.vision.schedule import Schedule


def test_the_learning_rate_rises_and_falls() -> None:
    schedule = Schedule(steps=100, learning_rate=1e-3, warm_up=0.1)
    rates = [schedule.learning_rate_at(step) for step in range(100)]
    assert rates.index(max(rates)) == 10
    assert sorted(rates[:11]) == rates[:11]
    assert sorted(rates[10:], reverse=True) == rates[10:]
    assert rates[0] < 1e-5 > rates[-1]


def test_a_schedule_of_one_step_learns_at_once() -> None:
    assert Schedule(steps=1).learning_rate_at(0) > 0
