"""Registers what the pipeline made: register.py FOLDER.

Each FOLDER/NAME/ that holds a model.onnx becomes a version of the model NAME in MLflow, with
all files of its folder, the numbers in its metrics.json, and the commit that it came from. A
model whose bytes are a version already is left alone.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import mlflow


def digest(folder):
    """MD5 over names and bytes of a model's files."""
    h = hashlib.md5()
    for f in sorted(p for p in folder.rglob("*") if p.is_file()):
        h.update(f.relative_to(folder).as_posix().encode() + b"\0" + hashlib.md5(f.read_bytes()).digest())
    return h.hexdigest()


def register(folder, commit):
    client, name, md5 = mlflow.MlflowClient(), folder.name, digest(folder)
    if client.search_model_versions(f"name = '{name}' and tags.\"coverslip.md5\" = '{md5}'"):
        print(f"{name}: nothing new")
        return
    mlflow.set_experiment(name)
    with mlflow.start_run(run_name=f"ci {commit[:10]}", tags={"mlflow.source.git.commit": commit}) as run:
        metrics = folder / "metrics.json"
        if metrics.exists():
            mlflow.log_metrics({k: v for k, v in json.loads(metrics.read_text()).items() if isinstance(v, (int, float))})
        mlflow.log_artifacts(str(folder), "model")
    try:
        client.create_registered_model(name)
    except mlflow.exceptions.MlflowException as e:
        if e.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(
        name, f"{run.info.artifact_uri}/model", run.info.run_id, tags={"coverslip.md5": md5, "coverslip.commit": commit})
    print(f"{name}: version {made.version} from commit {commit[:10]}")


def main(top):
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    models = sorted(p.parent for p in pathlib.Path(top).glob("*/model.onnx"))
    if not models:
        print(f"no {top}/NAME/model.onnx to register")
    for folder in models:
        register(folder, commit)


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    main(sys.argv[1])
