import pytest
from cluster import Cluster, missing
from student import Student


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A real SLURM of one node, as long as the tests last."""
    if absent := missing():
        pytest.skip(f"SLURM is not installed (apt-get install slurm-wlm munge): there is no {', '.join(absent)}")
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def student(tmp_path, cluster):
    """Somebody with an account on the cluster and an empty home."""
    return Student(tmp_path, cluster)
