"""The workbench: servers without an installation, `make run`, `make test`. Never imported by the rest."""
