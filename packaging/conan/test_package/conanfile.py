# SPDX-License-Identifier: MIT
"""Builds and runs a program for the package and one for each component that is on; `conan create` runs it."""
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class FapilogTest(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps"

    @property
    def _components(self):
        options = self.dependencies[self.tested_reference_str].options
        return [name for name, value in options.items() if value == "True"]

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False  # writes nothing beside this file
        toolchain.cache_variables["COMPONENTS"] = ";".join(self._components)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            for program in ["one_line", *self._components]:
                self.run(os.path.join(self.cpp.build.bindir, program), env="conanrun")
