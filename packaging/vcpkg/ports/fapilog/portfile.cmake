# header-only library
set(VCPKG_BUILD_TYPE release)

# An overlay port that builds this checkout: vcpkg install "fapilog[json,zlib]" --overlay-ports=packaging/vcpkg/ports
# For a registry, replace the next line with vcpkg_from_github(OUT_SOURCE_PATH SOURCE_PATH ... REF "v${VERSION}").
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        grpc      FAPILOG_WITH_GRPC
        http      FAPILOG_WITH_HTTP
        json      FAPILOG_WITH_JSON
        kafka     FAPILOG_WITH_KAFKA
        nats      FAPILOG_WITH_NATS
        postgres  FAPILOG_WITH_POSTGRES
        tls       FAPILOG_WITH_TLS
        zlib      FAPILOG_WITH_ZLIB
        zstd      FAPILOG_WITH_ZSTD
)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DFAPILOG_BUILD_TESTS=OFF
        -DFAPILOG_BUILD_EXAMPLES=OFF
        -DFAPILOG_BUILD_BENCHMARKS=OFF
        -DFAPILOG_BUILD_FUZZ=OFF
        -DFAPILOG_FETCH_DEPS=OFF
        -DFAPILOG_INSTALL=ON
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/fapilog)
vcpkg_fixup_pkgconfig()

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
