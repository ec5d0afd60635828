# make demo    installs what is missing, builds, makes a map of a synthetic scene and says where it is
# make test    installs what is missing, builds, runs all tests
# make build   leaves the program at build/bin/scarp;  make build CUDA=1  brings what a GPU needs
# make check   format and include checks;  make check-full  the slow checks
BUILD ?= build
JOBS ?= $(shell nproc)
KIND := $(if $(CUDA),cuda,cpu)
# LibTorch lives in the build tree, never in the system; a given LIBTORCH_ROOT is used as it is.
SDK := $(CURDIR)/$(BUILD)/libtorch-$(KIND)
LIBTORCH_ROOT ?= $(SDK)/torch
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
DEMO ?= demo-out

.PHONY: all build demo test bench check check-full format packages packages-test libtorch clean models

all: build

packages:
	@setup/install_packages.sh build

packages-test:
	@setup/install_packages.sh build test

libtorch: packages
	@case "$(LIBTORCH_ROOT)" in "$(SDK)/torch") setup/fetch_libtorch.sh "$(SDK)" $(KIND);; esac

build: libtorch
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset release -B $(BUILD) -DSCARP_TESTS=OFF $(if $(CUDA),-DSCARP_CUDA=ON) >$(BUILD)/configure.log \
	  || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@echo "The program is $(BUILD)/bin/scarp"

demo: build
	@$(BUILD)/bin/scarp demo -o $(DEMO) --overwrite

test: packages-test libtorch
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset release -B $(BUILD) -DSCARP_TESTS=ON $(if $(CUDA),-DSCARP_CUDA=ON) >$(BUILD)/configure.log \
	  || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@cd $(BUILD) && ctest --output-on-failure

bench: packages-test libtorch
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset release -B $(BUILD) -DSCARP_BENCH=ON >$(BUILD)/configure.log
	@cmake --build $(BUILD) -j $(JOBS)

check:
	@setup/install_packages.sh check test
	@setup/check_format.sh
	@/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/architecture

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format-14 -i

clean:
	@rm -rf $(BUILD)
