"""Renders the chart with the real helm of build/tools and gives its objects by kind and name."""

import os
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/stellwerk"
HELM = ROOT / "build/tools/helm"
RELEASE, NAMESPACE = "rel", "mail"


def helm(*arguments):
    if not HELM.exists():
        raise FileNotFoundError(f"{HELM} is missing: ./dev tools builds it")
    # Nothing of the developer's own helm (repositories, plugins, kube context) takes part.
    quiet = {**os.environ, "HELM_CONFIG_HOME": "/nonexistent", "HELM_CACHE_HOME": "/nonexistent", "HELM_DATA_HOME": "/nonexistent", "KUBECONFIG": "/dev/null"}
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False, env=quiet)


def template(*arguments):
    return helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *arguments)


class strict_loader(yaml.SafeLoader):
    """A key that a template writes twice is a fault, not the last one's win."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {k for k in keys if keys.count(k) > 1}
        if twice:
            raise yaml.YAMLError(f"duplicate keys {sorted(twice)} at line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


class rendered_chart:
    def __init__(self, values: pathlib.Path):
        done = template("-f", str(values))
        if done.returncode != 0:
            raise AssertionError(f"helm template -f {values.name}: {done.stderr}")
        self.objects = [o for o in yaml.load_all(done.stdout, Loader=strict_loader) if o]

    def all(self, kind):
        return [o for o in self.objects if o["kind"] == kind]

    def one(self, kind):
        found = self.all(kind)
        assert len(found) == 1, f"{len(found)} objects of kind {kind}"
        return found[0]

    @property
    def pod(self):
        return self.one("StatefulSet")["spec"]["template"]["spec"]

    @property
    def container(self):
        return self.pod["containers"][0]

    @property
    def configuration(self):
        """stellwerk.yaml as the pods see it; None with a ConfigMap of the user's own."""
        for o in self.all("ConfigMap"):
            if "stellwerk.yaml" in o["data"]:
                return o["data"]["stellwerk.yaml"]
        return None

    @property
    def secret_paths(self):
        return sorted(set(re.findall(r"/etc/stellwerk/secrets/[\w./-]+", self.configuration or "")))
