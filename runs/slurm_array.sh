#!/bin/bash
# One seed a task of a SLURM job array. Copy it, edit the lines below and submit it:
#     sbatch --array=0-15 runs/slurm_array.sh runs/studies/piezo.toml results/piezo
# A task that runs out of time checkpoints (SIGTERM, a minute before the end); submit the same line again and
# every task goes on where it was, finished ones end at once. Then: kmc-li analyze results/piezo
#SBATCH --job-name=kmc-li
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=%x-%A_%a.out
set -euo pipefail

study=${1:?usage: sbatch --array=0-15 $0 STUDY.toml DIR}
seed=${SLURM_ARRAY_TASK_ID:?submit with sbatch --array=FIRST-LAST}
run=$(printf '%s/seed-%04d' "${2:?usage: sbatch --array=0-15 $0 STUDY.toml DIR}" "$seed")

# exec: the signal goes to kmc-li itself, not to a shell that waits for it
if [ -e "$run/run.json" ]; then
    exec kmc-li resume "$run"
fi
exec kmc-li run "$study" -o "$run" --seed "$seed"
