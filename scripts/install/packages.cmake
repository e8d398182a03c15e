# packages.cmake - `cpack` in a build folder: Debian packages of the three parts of install.cmake.
#
# scripts/packages makes them where they are to be installed to, and tries them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cycos)
set(CPACK_PACKAGE_VENDOR cycos)
set(CPACK_PACKAGE_CONTACT "The cycos authors <cycos@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

set(about "A server framework in C: each core runs tasks that share nothing and send messages,
on this core, on another one, or on another node.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libcycos${CY_ABI})
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "thread-per-core actors in C: shared library\n${about}")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcycos-dev)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
  "thread-per-core actors in C: headers, archive, manual\n${about}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# With what the archive needs.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libcycos${CY_ABI} (= ${PROJECT_VERSION}), ${static_packages}")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME cycos-tools)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION
  "key-value server, load harness and launcher on cycos\n${about}")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS python3) # cycos-launch

# Loaded at run time, where dpkg-shlibdeps does not see it: its newer name is Debian 13's.
if(CY_LIBCRYPTO AND LIBCRYPTO_FOUND)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "libssl3 | libssl3t64")
  string(APPEND CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS ", libssl3 | libssl3t64")
endif()

# Debian wants the licence of each package in a place of its own.
foreach(part runtime development tools)
  string(TOUPPER ${part} upper)
  install(FILES ${CMAKE_SOURCE_DIR}/LICENSE RENAME copyright COMPONENT ${part}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
endforeach()
include(CPack)
