from datetime import UTC, datetime

import numpy as np
import pytest


@pytest.fixture(scope="session")
def write_usual_nwb():
    """A session as laboratories write it with pynwb: electrodes with areas, sorting quality, an event in each trial.

    Four units fire at 20 /s for 60 s; trials of 0.5 s begin every 10 s, and the movement 0.1 s later. A behaviour is
    in it too. ``change`` may alter the file before it is written.
    """
    pynwb = pytest.importorskip("pynwb", reason="the extra neural is not installed")

    def write(path, change=lambda nwb: None, names="reach", trials=5, subject="mouse_7"):
        random = np.random.default_rng(0)
        nwb = pynwb.NWBFile(
            "reaching",
            "id",
            datetime(2025, 1, 1, tzinfo=UTC),
            session_id="day_3",
            subject=pynwb.file.Subject(subject_id=subject, species="Mus musculus", age="P90D", sex="F"),
        )
        group = nwb.create_electrode_group("shank", "one", "M1", nwb.create_device(name="probe"))
        for place in ("M1", "striatum"):
            nwb.add_electrode(location=place, group=group)
        nwb.add_unit_column("quality", "by the sorter")
        nwb.add_unit_column("isolation_distance", "by the sorter")
        for unit in range(4):
            times = np.sort(random.uniform(0, 60, 1200))
            times = times[np.diff(times, prepend=-1) > 0.0025]
            about = {"quality": "mua" if unit == 3 else "good", "isolation_distance": 10.0 * unit}
            nwb.add_unit(spike_times=times, electrodes=[unit % 2], electrode_group=group, **about)
        nwb.add_trial_column(names, "which")
        nwb.add_trial_column("movement", "when it begins")
        for i in range(trials):
            nwb.add_trial(
                start_time=10.0 * i + 1, stop_time=10.0 * i + 1.5, **{names: f"reach_{i}", "movement": 10.0 * i + 1.1}
            )
        paw = pynwb.behavior.SpatialSeries(
            name="paw", data=random.standard_normal((600, 3)), rate=10.0, starting_time=0.0, reference_frame="box"
        )
        nwb.create_processing_module("behavior", "b").add(pynwb.behavior.Position(spatial_series=[paw]))
        change(nwb)
        with pynwb.NWBHDF5IO(path, "w") as io:
            io.write(nwb)
        return path

    return write
