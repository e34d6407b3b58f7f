# PrismSearch in one image: the page, the API and the indexer.
# For an NVIDIA card build with --build-arg EXTRAS=[gpu], as docker-compose.gpu.yml does.
FROM python:3.12-slim

ARG EXTRAS=""

RUN useradd --create-home --uid 1000 prism \
    && mkdir /data /models \
    && chown prism:prism /data /models
WORKDIR /srv/prismsearch

COPY constraints.txt pyproject.toml README.md LICENSE NOTICE ./
COPY encoder encoder
COPY indexer indexer
COPY app app
COPY assets assets
# Editable: PrismSearch runs from its checkout, where the code finds its assets.
RUN pip install --no-cache-dir --constraint constraints.txt --editable ".${EXTRAS}"

USER prism
ENV PRISMSEARCH_DATA_DIR=/data \
    HF_HOME=/models \
    PRISMSEARCH_LOG=info \
    PYTHONUNBUFFERED=1
VOLUME ["/data", "/models"]
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["prismsearch", "serve", "/videos", "--host", "0.0.0.0", "--port", "7860", "--no-browser"]
