# VEIQA on the CPU. Building needs the network; running does not:
#
#   docker build --tag veiqa .
#   docker run --rm --network none --volume "$PWD:/images:ro" veiqa run /images --format csv
#
# What is measured is kept in /var/cache/veiqa; give it a volume to keep it between runs.

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/veiqa \
    && /opt/veiqa/bin/pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu ".[parquet]"

FROM python:3.12-slim
COPY --from=build /opt/veiqa /opt/veiqa
RUN useradd --system --create-home --home-dir /home/veiqa veiqa \
    && install --directory --owner=veiqa /var/cache/veiqa
ENV PATH="/opt/veiqa/bin:$PATH" \
    HF_HUB_OFFLINE=1 \
    MPLCONFIGDIR=/var/cache/veiqa \
    OMP_NUM_THREADS=1 \
    VEIQA_STORE=/var/cache/veiqa/store.sqlite
USER veiqa
WORKDIR /images
ENTRYPOINT ["veiqa"]
CMD ["--help"]
