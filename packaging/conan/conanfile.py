# SPDX-License-Identifier: MIT
"""Recipe for Conan 2. From the top directory of the repository: conan create packaging/conan --build=missing"""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class FapilogRecipe(ConanFile):
    name = "fapilog"
    license = "MIT"
    description = "Structured logging for C++20: typed fields, one lock-free ring a thread, header-only"
    topics = ("logging", "structured-logging", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True
    # A component adds one dependency.
    options = {
        "grpc": [True, False],
        "http": [True, False],
        "json": [True, False],
        "kafka": [True, False],
        "nats": [True, False],
        "postgres": [True, False],
        "tls": [True, False],
        "zlib": [True, False],
        "zstd": [True, False],
        "preset": ["minimal", "dev", "production", "serverless", "hardened"],
    }
    default_options = {
        "grpc": False,
        "http": False,
        "json": False,
        "kafka": False,
        "nats": False,
        "postgres": False,
        "tls": False,
        "zlib": False,
        "zstd": False,
        "preset": "minimal",
    }
    # Component: package and its target.
    _libraries = {
        "grpc": ("grpc/[>=1.51 <2]", "grpc::grpc++"),
        "http": ("libcurl/[>=7.66 <9]", "libcurl::libcurl"),
        "json": ("nlohmann_json/[>=3.10.5 <4]", "nlohmann_json::nlohmann_json"),
        "kafka": ("librdkafka/[>=2.0 <3]", "librdkafka::librdkafka"),
        "nats": ("cnats/[>=3.0 <4]", "cnats::cnats"),
        "postgres": ("libpqxx/[>=6.4 <9]", "libpqxx::libpqxx"),
        "tls": ("openssl/[>=1.1.1 <4]", "openssl::openssl"),
        "zlib": ("zlib/[>=1.2 <2]", "zlib::zlib"),
        "zstd": ("zstd/[>=1.3 <2]", "zstd::zstd"),
    }

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._root, "include", "fapilog", "version.hpp"))
        self.version = ".".join(re.findall(r"^#define FAPILOG_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.M))

    def export_sources(self):
        copy(self, "include/*", self._root, self.export_sources_folder)
        copy(self, "LICENSE", self._root, self.export_sources_folder)

    def requirements(self):
        self.requires("fmt/[>=9.0 <13]", transitive_headers=True, transitive_libs=True)
        for component, (package, _) in self._libraries.items():
            if self.options.get_safe(component):
                self.requires(package, transitive_headers=True, transitive_libs=True)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("fapilog is tested on Linux only; see docs/platforms.md")
        if self.settings.get_safe("compiler.cppstd"):
            check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "fapilog")
        # Conan's target of the whole package would otherwise have the name of the core and bring all components with it.
        self.cpp_info.set_property("cmake_target_name", "fapilog::all")
        core = self.cpp_info.components["fapilog"]
        core.set_property("cmake_target_name", "fapilog::fapilog")
        core.set_property("pkg_config_name", "fapilog")
        core.requires = ["fmt::fmt"]
        core.system_libs = ["pthread", "dl"]
        core.bindirs = core.libdirs = []
        if self.options.preset != "minimal":
            core.defines.append(f"FAPILOG_DEFAULT_PRESET={self.options.preset}")
        for component, (_, target) in self._libraries.items():
            if not self.options.get_safe(component):
                continue
            part = self.cpp_info.components[component]
            part.set_property("cmake_target_name", f"fapilog::{component}")
            part.set_property("pkg_config_name", f"fapilog-{component}")
            part.requires = ["fapilog", target]
            part.bindirs = part.libdirs = []
            if component in ("zlib", "zstd"):
                part.defines.append(f"FAPILOG_WITH_{component.upper()}=1")
