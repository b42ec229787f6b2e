#!/usr/bin/python3
"""The chart, rendered by a real helm for every file of helm/stellwerk/ci: assertions on the objects, not on text."""

import re
import unittest

from rendered_chart import CHART, ROOT, helm, rendered_chart, template

VALUES = sorted((CHART / "ci").glob("*-values.yaml"))


def matches(selector, labels):
    return selector and all(labels.get(k) == v for k, v in selector.items())


class every_values_file(unittest.TestCase):
    def each(self):
        self.assertGreaterEqual(len(VALUES), 4)
        for values in VALUES:
            with self.subTest(values.name):
                yield rendered_chart(values)

    def test_lints_without_a_warning(self):
        for values in [None, *VALUES]:
            with self.subTest(values and values.name):
                done = helm("lint", str(CHART), "--strict", *(["-f", str(values)] if values else []))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotIn("[WARNING]", done.stdout)

    def test_queue_lies_on_a_volume_that_outlives_the_pod(self):
        for chart in self.each():
            spec = chart.one("StatefulSet")["spec"]
            claim = spec["volumeClaimTemplates"][0]
            mount = next(m for m in chart.container["volumeMounts"] if m["mountPath"] == "/var/lib/stellwerk")
            self.assertEqual(mount["name"], claim["metadata"]["name"])
            self.assertIn("storage", claim["spec"]["resources"]["requests"])
            self.assertEqual(spec["persistentVolumeClaimRetentionPolicy"], {"whenDeleted": "Retain", "whenScaled": "Retain"})

    def test_configuration_is_reloaded_not_rolled(self):
        for chart in self.each():
            mount = next(m for m in chart.container["volumeMounts"] if m["mountPath"] == "/etc/stellwerk/config")
            self.assertNotIn("subPath", mount, "a single file never sees an update")
            annotations = chart.one("StatefulSet")["spec"]["template"]["metadata"].get("annotations", {})
            self.assertFalse([k for k in annotations if "checksum" in k])
            volume = next(v for v in chart.pod["volumes"] if v["name"] == mount["name"])
            own = [o["metadata"]["name"] for o in chart.all("ConfigMap")]
            self.assertTrue(volume["configMap"]["name"] in own or chart.configuration is None)

    def test_services_lead_to_ports_of_the_pod(self):
        for chart in self.each():
            spec = chart.one("StatefulSet")["spec"]
            labels = spec["template"]["metadata"]["labels"]
            ports = {p["name"] for p in chart.container["ports"]}
            services = {s["metadata"]["name"]: s["spec"] for s in chart.all("Service")}
            self.assertEqual(services[spec["serviceName"]]["clusterIP"], "None")
            self.assertTrue(matches(spec["selector"]["matchLabels"], labels))
            for name, service in services.items():
                self.assertTrue(matches(service["selector"], labels), name)
                self.assertLessEqual({p["targetPort"] for p in service["ports"]}, ports, name)
            for door in ("-smtp", "-admin"):
                self.assertTrue([n for n in services if n.endswith(door)], door)

    def test_probes_ask_the_admin_listener(self):
        for chart in self.each():
            paths = {p: chart.container[p]["httpGet"] for p in ("startupProbe", "livenessProbe", "readinessProbe")}
            self.assertEqual({p: g["path"] for p, g in paths.items()},
                             {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"})
            self.assertEqual({g["port"] for g in paths.values()}, {"admin"})

    def test_P_210_pod_is_restricted_and_bounded(self):
        for chart in self.each():
            pod, container = chart.pod["securityContext"], chart.container["securityContext"]
            self.assertTrue(pod["runAsNonRoot"])
            self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertTrue(container["readOnlyRootFilesystem"])
            self.assertFalse(container["allowPrivilegeEscalation"])
            self.assertEqual(container["capabilities"], {"drop": ["ALL"]})
            self.assertIs(chart.pod["automountServiceAccountToken"], False)
            self.assertTrue(all(p["containerPort"] >= 1024 for p in chart.container["ports"]))
            self.assertIn("memory", chart.container["resources"]["limits"])

    def test_credentials_come_from_secrets_that_exist_and_are_mounted(self):
        for chart in self.each():
            self.assertEqual(chart.all("Secret"), [], "the chart makes no Secret")
            folders = [m["mountPath"] for m in chart.container["volumeMounts"]]
            for path in chart.secret_paths:
                self.assertIn(path.rsplit("/", 1)[0], folders)
            mounted = {v["name"] for v in chart.pod["volumes"]} | {"queue"}
            self.assertEqual({m["name"] for m in chart.container["volumeMounts"]}, mounted)

    def test_P_210_stopping_leaves_time_to_drain(self):
        for chart in self.each():
            sleep = chart.container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])[1]
            self.assertGreater(chart.pod["terminationGracePeriodSeconds"], int(sleep) + 60)

    def test_names_and_namespaces(self):
        for chart in self.each():
            seen = [(o["kind"], o["metadata"]["name"]) for o in chart.objects]
            self.assertEqual(len(seen), len(set(seen)))
            for kind, name in seen:
                self.assertRegex(name, r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", kind)


class one_values_file(unittest.TestCase):
    def chart(self, name):
        return rendered_chart(CHART / "ci" / f"{name}-values.yaml")

    def test_optional_objects_are_off_by_default(self):
        kinds = {o["kind"] for o in self.chart("minimal").objects}
        self.assertEqual(kinds, {"StatefulSet", "Service", "ConfigMap", "ServiceAccount", "PodDisruptionBudget"})

    def test_load_balancer_keeps_client_addresses(self):
        service = next(s for s in self.chart("secrets").all("Service") if s["metadata"]["name"].endswith("-smtp"))
        self.assertEqual(service["spec"]["externalTrafficPolicy"], "Local")
        self.assertEqual({p["name"]: p["port"] for p in service["spec"]["ports"]}, {"relay": 25, "submission": 587})

    def test_monitoring_selects_the_admin_service_alone(self):
        chart = self.chart("monitored")
        selector = chart.one("ServiceMonitor")["spec"]["selector"]["matchLabels"]
        chosen = [s for s in chart.all("Service") if matches(selector, s["metadata"]["labels"])]
        self.assertEqual([s["metadata"]["name"] for s in chosen], ["rel-stellwerk-admin"])
        self.assertIn(chart.one("ServiceMonitor")["spec"]["endpoints"][0]["port"], [p["name"] for p in chosen[0]["spec"]["ports"]])

    def test_P_210_network_policy_denies_what_it_does_not_name(self):
        chart = self.chart("monitored")
        policy = chart.one("NetworkPolicy")["spec"]
        opened = {p["port"] for rule in policy["ingress"] for p in rule["ports"]}
        self.assertEqual(opened, {p["name"] for p in chart.container["ports"]})
        self.assertTrue(all(rule["from"] for rule in policy["ingress"]))
        self.assertEqual(policy["policyTypes"], ["Ingress", "Egress"])
        self.assertTrue(all(rule["ports"] for rule in policy["egress"]), "no rule for every port")
        self.assertIn({"port": 53, "protocol": "UDP"}, policy["egress"][0]["ports"])

    def test_alerts_use_metrics_that_exist(self):
        rules = self.chart("monitored").one("PrometheusRule")["spec"]["groups"][0]["rules"]
        sources = "".join(p.read_text() for p in (ROOT / "gateway").rglob("*.?pp"))
        self.assertTrue(rules)
        for rule in rules:
            for metric in re.findall(r"stellwerk_(\w+)", rule["expr"]):
                self.assertTrue(f'{metric}"' in sources, f'{rule["alert"]}: nothing registers {metric}')

    def test_without_a_door_there_is_no_service_for_it(self):
        names = {s["metadata"]["name"] for s in self.chart("smtp-only").all("Service")}
        self.assertEqual(names, {"mailgate-headless", "mailgate-smtp", "mailgate-admin"})

    def test_extra_objects_are_templates(self):
        names = [o["metadata"]["name"] for o in self.chart("monitored").all("ConfigMap")]
        self.assertIn("rel-extra", names)


class faulty_values(unittest.TestCase):
    REFUSED = [
        ("an unknown value", ["--set", "replicas=2"], "replicas"),
        ("an unknown value below", ["--set", "image.name=x"], "image"),
        ("another store", ["--set", "queue.mode=postgres"], "queue.mode"),
        ("a number as text", ["--set-string", "replicaCount=two"], "replicaCount"),
        ("a volume without a unit", ["--set", "queue.size=20"], "queue.size"),
        ("a shared volume", ["--set", "queue.accessModes={ReadWriteMany}"], "queue.accessModes"),
        ("a data directory beside the volume", ["--set", "config.node.data_directory=/data"], "data_directory"),
        ("an admin listener in two places", ["--set", "config.http.admin.address=0.0.0.0:1"], "config.http.admin"),
        ("a listener on the loopback interface", ["--set", "config.ingress.grpc.address=127.0.0.1:50051"], "reachable from inside the pod only"),
        ("a privileged port", ["--set", "config.http.public.address=0.0.0.0:80"], "above 1024"),
        ("a port chosen by the system", ["--set", "config.http.public.address=0.0.0.0:0"], "names no port"),
        ("a token instead of its hash", ["--set", "admin.tokenHash=secret"], "admin.tokenHash"),
        ("a secret that shadows the chart's", ["--set", "secrets[0].name=admin,secrets[0].existingSecret=x"], "secrets"),
    ]

    def test_are_refused_with_their_name(self):
        for what, arguments, word in self.REFUSED:
            with self.subTest(what):
                done = template(*arguments)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertIn(word, done.stderr)

    def test_the_same_command_without_them_works(self):
        self.assertEqual(template().returncode, 0)


if __name__ == "__main__":
    unittest.main()
