"""The part of Kubernetes', KubeRay's and Compose's published APIs that our files use, strictly.

A word that is not here is not known to be one of theirs: it is looked up before it is added.
"""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]

TEXT: Shape = {"type": "string", "minLength": 1}
PORT: Shape = {"type": "integer", "minimum": 1, "maximum": 65535}
COUNT: Shape = {"type": "integer", "minimum": 0}
TEXTS: Shape = {"type": "array", "items": TEXT, "minItems": 1}
WORD: Shape = {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
QUANTITY: Shape = {"type": "string", "pattern": r"^\d+(\.\d+)?(m|Ki|Mi|Gi|k|M|G)?$"}
QUANTITIES: Shape = {"type": "object", "additionalProperties": QUANTITY, "minProperties": 1}


def thing(required: dict[str, Shape], optional: dict[str, Shape] | None = None) -> Shape:
    """Return the shape of an object with these keys and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def several(item: Shape) -> Shape:
    """Return the shape of a list of one or more."""
    return {"type": "array", "items": item, "minItems": 1}


METADATA = thing({"name": WORD})
PROBE = thing(
    {"httpGet": thing({"path": {"type": "string", "pattern": "^/"}, "port": PORT})},
    {"periodSeconds": COUNT, "failureThreshold": COUNT},
)
SECRET = thing({"secretKeyRef": thing({"name": WORD, "key": TEXT})})
CONTAINER = thing(
    {
        "name": WORD,
        "image": TEXT,
        "resources": thing({"requests": QUANTITIES, "limits": QUANTITIES}),
        "volumeMounts": several(thing({"name": WORD, "mountPath": TEXT})),
    },
    {
        "command": TEXTS,
        "args": TEXTS,
        "env": several(thing({"name": TEXT, "valueFrom": SECRET})),
        "ports": several(thing({"name": WORD, "containerPort": PORT})),
        "startupProbe": PROBE,
        "readinessProbe": PROBE,
        "livenessProbe": PROBE,
    },
)
EMPTY_DIRECTORY = thing({}, {"medium": {"enum": ["Memory"]}, "sizeLimit": QUANTITY})
POD = thing(
    {
        "containers": several(CONTAINER),
        "volumes": several(thing({"name": WORD, "emptyDir": EMPTY_DIRECTORY})),
    },
    {
        "hostNetwork": {"type": "boolean"},
        "dnsPolicy": {"enum": ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]},
        "shareProcessNamespace": {"type": "boolean"},
        "terminationGracePeriodSeconds": COUNT,
    },
)
# KubeRay hands every one of them to `ray start` as text.
START = {"type": "object", "additionalProperties": {"type": "string"}}
WORKERS = thing(
    {
        "groupName": WORD,
        "replicas": COUNT,
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "rayStartParams": START,
        "template": thing({"spec": POD}),
    }
)
RAY_CLUSTER = thing(
    {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayCluster"},
        "metadata": METADATA,
        "spec": thing(
            {
                "rayVersion": TEXT,
                "enableInTreeAutoscaling": {"type": "boolean"},
                "autoscalerOptions": thing({"idleTimeoutSeconds": COUNT}),
                "headGroupSpec": thing({"rayStartParams": START, "template": thing({"spec": POD})}),
                "workerGroupSpecs": several(WORKERS),
            }
        ),
    }
)
SERVICE = thing(
    {
        "apiVersion": {"const": "v1"},
        "kind": {"const": "Service"},
        "metadata": METADATA,
        "spec": thing(
            {
                "type": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
                "selector": {"type": "object", "additionalProperties": TEXT, "minProperties": 1},
                "ports": several(
                    thing(
                        {
                            "name": WORD,
                            "protocol": {"enum": ["TCP", "UDP", "SCTP"]},
                            "port": PORT,
                            "targetPort": PORT,
                        }
                    )
                ),
            }
        ),
    }
)
KUBERNETES = {"RayCluster": RAY_CLUSTER, "Service": SERVICE}

DEVICES = thing({"driver": TEXT, "count": COUNT, "capabilities": TEXTS})
COMPOSED = thing(
    {"image": TEXT, "network_mode": {"enum": ["host", "bridge", "none"]}, "command": TEXTS},
    {
        "build": thing({"context": TEXT, "dockerfile": TEXT}),
        "shm_size": {"type": "string", "pattern": r"^\d+(b|kb|mb|gb)$"},
        "environment": {"type": "object", "additionalProperties": TEXT},
        "volumes": several({"type": "string", "pattern": r"^[^:]+:/[^:]+(:ro)?$"}),
        "deploy": thing(
            {"resources": thing({"reservations": thing({"devices": several(DEVICES)})})}
        ),
        "stop_grace_period": {"type": "string", "pattern": r"^\d+s$"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
    },
)
COMPOSE = thing({"services": {"type": "object", "additionalProperties": COMPOSED}})
