"""Runs as one HTML page that opens without a network.

    from kmc_li.html_report import report_page, write_page
    write_page(report_page({"bare": bare_runs, "piezo": piezo_runs}), "report.html")
"""

from kmc_li.html_report.page import check_path, report_page, write_page

__all__ = ["check_path", "report_page", "write_page"]
