# One image for every process of the federation; docker-compose.yml says which command makes it which.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
COPY requirements/base.lock /tmp/base.lock
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: --requirement /tmp/base.lock
WORKDIR /srv/federation
COPY manage.py ./
COPY foundation foundation
COPY members members
COPY routing routing
COPY federation federation
COPY templates templates
COPY static static
# Production mode, so that files get the names that may be cached for ever; the key is needed to start and signs nothing.
RUN FEDERATION_MODE=production ALLOWED_HOSTS=build.invalid SECRET_KEY="$(head -c 48 /dev/urandom | base64)" \
    /opt/venv/bin/python manage.py collectstatic --noinput

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=federation.settings FEDERATION_MODE=production LOG_FORMAT=json
RUN groupadd --system --gid 10001 federation \
    && useradd --system --uid 10001 --gid federation --no-create-home --home-dir /nonexistent federation \
    && install --directory --owner federation --group federation /var/lib/redirector
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/federation /srv/federation
WORKDIR /srv/federation
USER 10001:10001
EXPOSE 8000 8080
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "federation.wsgi:application"]
