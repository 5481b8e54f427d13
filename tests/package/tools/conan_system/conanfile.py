# SPDX-License-Identifier: MIT
"""A library of this machine as a Conan package, as its pkg-config file describes it: for a test without a network."""
from conan import ConanFile
from conan.tools.gnu import PkgConfig

PKG_CONFIG_NAMES = {"cnats": "libnats", "librdkafka": "rdkafka", "zstd": "libzstd"}


class SystemLibrary(ConanFile):
    package_type = "shared-library"
    settings = "os", "arch", "compiler", "build_type"

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.bindirs = self.cpp_info.includedirs = self.cpp_info.libdirs = []
        PkgConfig(self, PKG_CONFIG_NAMES.get(self.name, self.name)).fill_cpp_info(self.cpp_info)
