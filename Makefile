# make demo    installs what is missing, builds, makes a map of a synthetic scene and says where it is
# make test    installs what is missing, builds, runs all tests
# make build   leaves the program at build/bin/scarp;  make build CUDA=1  brings what a GPU needs
# make cuda    kernels for GPUs, where nvcc is (build CUDA=1 makes them too)
# make check   format and include checks;  make fuzz  hostile input, 20 s a reader;  make check-full  the slow checks
# make model-synth   makes the scenes of scarp-synth and trains it anew in $(SYNTH)
BUILD ?= build
JOBS ?= $(shell nproc)
KIND := $(if $(CUDA),cuda,cpu)
# LibTorch lives in the build tree, never in the system; a given LIBTORCH_ROOT is used as it is.
SDK := $(CURDIR)/$(BUILD)/libtorch-$(KIND)
LIBTORCH_ROOT ?= $(SDK)/torch
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
DEMO ?= demo-out

.PHONY: all build cuda demo test bench check check-full fuzz tidy coverage format packages packages-test libtorch clean model-synth

all: build

packages:
	@setup/install_packages.sh build

packages-test:
	@setup/install_packages.sh build test

libtorch: packages
	@case "$(LIBTORCH_ROOT)" in "$(SDK)/torch") setup/fetch_libtorch.sh "$(SDK)" $(KIND);; esac

build: libtorch
	@mkdir -p $(BUILD)
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset release -B $(BUILD) -DSCARP_TESTS=OFF >$(BUILD)/configure.log \
	  || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@[ -z "$(CUDA)" ] || setup/build_cuda.sh $(BUILD)/bin
	@echo "The program is $(BUILD)/bin/scarp"

cuda:
	@setup/build_cuda.sh $(BUILD)/bin

demo: build
	@$(BUILD)/bin/scarp demo -o $(DEMO) --overwrite

test: packages-test libtorch
	@mkdir -p $(BUILD)
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset release -B $(BUILD) -DSCARP_TESTS=ON >$(BUILD)/configure.log \
	  || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@cd $(BUILD) && ctest -j $(JOBS) --output-on-failure

bench: packages-test libtorch
	@mkdir -p $(BUILD)
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset release -B $(BUILD) -DSCARP_BENCH=ON >$(BUILD)/configure.log \
	  || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)

check:
	@setup/install_packages.sh check test
	@setup/check_format.sh
	@/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/architecture/test_includes.py

# Seeds and FUZZ_SECONDS of new inputs for each reader of foreign files.
FUZZ_SECONDS ?= 20
fuzz:
	@setup/install_packages.sh build check
	@mkdir -p build && JOBS=$(JOBS) setup/run_fuzzers.sh $(FUZZ_SECONDS)

tidy:
	@setup/install_packages.sh build check
	@mkdir -p build && JOBS=$(JOBS) setup/run_tidy.sh

coverage:
	@setup/install_packages.sh build test
	@mkdir -p build && JOBS=$(JOBS) setup/measure_coverage.sh

format:
	@git ls-files '*.h' '*.cpp' '*.cu' | xargs clang-format-14 -i

# Sixteen scenes at 5, 10, 20 and 30 m in turn; seeds as in the run file.
SYNTH ?= runs/synth
model-synth: build
	@mkdir -p $(SYNTH) && cp pipelines/models/scarp-synth.yaml $(SYNTH)/
	@i=0; for seed in $$(seq 1001 1016); do \
	  set -- 5 10 20 30; shift $$((i % 4)); i=$$((i + 1)); \
	  $(BUILD)/bin/scarp synth -q -o $(SYNTH)/synth-$$seed --seed $$seed --size 768 --pixel-size $$1 --overwrite; done
	@$(BUILD)/bin/scarp train $(SYNTH)/scarp-synth.yaml -o $(SYNTH)/run --overwrite

# What the quick checks leave out: headers of LibTorch modules alone, sanitizers with leak check on the rooms without LibTorch and without
# it (LibTorch keeps what it has) on nn, five minutes of fuzzing a reader. make tidy and make coverage stand for themselves.
check-full: check test
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=300
	@SCARP_SLOW=1 LIBTORCH_ROOT="$(LIBTORCH_ROOT)" /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/architecture
	@cmake --preset sanitize >/dev/null && cmake --build build/sanitize -j $(JOBS) && cd build/sanitize && ctest --output-on-failure -E architecture
	@LIBTORCH_ROOT="$(LIBTORCH_ROOT)" cmake --preset sanitize-nn >/dev/null && cmake --build build/sanitize-nn -j $(JOBS) --target nn_test \
	  && cd build/sanitize-nn && ASAN_OPTIONS=detect_leaks=0 ctest --output-on-failure -R '^nn$$'

clean:
	@rm -rf $(BUILD)
