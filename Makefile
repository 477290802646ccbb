# One word, one script in scripts/. `make help` lists them. Works with the make of every Linux and macOS (GNU 3.81).

.PHONY: help run test lint bench rehearse clean
.DEFAULT_GOAL := help

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):  *## \(.*\)/make \1	\2/p' Makefile

run:  ## start EventMate at http://127.0.0.1:8000 (PORT=8001 make run: elsewhere)
	@scripts/run

test:  ## run the tests (ARGS='-k search' make test: some of them)
	@scripts/test $(ARGS)

lint:  ## check style, types, templates, imports and migrations
	@scripts/lint

bench:  ## measure what EventMate promises to be fast at
	@scripts/bench $(ARGS)

rehearse:  ## boot a Debian 12, install EventMate in it and break it (as root, where debootstrap is)
	@scripts/rehearse

clean:  ## remove what was made, except the database that make run uses
	@scripts/clean
