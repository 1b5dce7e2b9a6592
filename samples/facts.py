"""Invented organisations, the standard in our own words, and the names that are put together."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD = "SNAD"
VERSION = "2026.1"
ELEMENTARY, INTERMEDIATE = "SNAD-E", "SNAD-M"


@dataclass(frozen=True)
class Firm:
    """An enterprise of the chain; shift is its usual day with the break in minutes."""

    did: str
    zh: str
    en: str
    role: str
    register_number: str
    trainees: int
    shift: str
    projects: tuple[str, ...]


SCHOOL = (
    "did:web:zqdc.example",
    "肇庆示例职业学院",
    "Zhaoqing Demo Vocational College",
    "91441200SAMPLE0001",
)
FIRMS = (
    Firm(
        "did:web:yuewan-sensing.example",
        "粤湾传感（示例）股份有限公司",
        "Yuewan Sensing (Sample) Co., Ltd.",
        "链主",
        "91441200SAMPLE0002",
        120,
        "08:30-17:30(60)",
        (
            "冷链仓储温湿度监测",
            "车间设备振动采集",
            "园区能耗计量改造",
            "泵站水位远程监控",
            "模组出厂校准线",
            "网关固件回归测试",
        ),
    ),
    Firm(
        "did:web:duanzhou-iot.example",
        "端州物联设备（示例）有限公司",
        "Duanzhou IoT Devices (Sample) Ltd.",
        "链员",
        "91441200SAMPLE0003",
        100,
        "08:00-17:00(60)",
        (
            "大棚环境控制器装配",
            "井盖位移报警终端",
            "远程水表联网调试",
            "仓库门磁布设",
            "手持读写器检测",
            "无线节点低功耗测试",
        ),
    ),
    Firm(
        "did:web:xinghu-electronics.example",
        "星湖电子制造（示例）有限公司",
        "Xinghu Electronics Manufacturing (Sample) Ltd.",
        "链员",
        "91441200SAMPLE0004",
        80,
        "09:00-18:00(60)",
        (
            "总线采集板测试",
            "传感器灌封与老化",
            "产线看板数据接入",
            "治具改造与验证",
            "成品抽检",
            "返修件故障定位",
        ),
    ),
)

# What the two levels ask for, in our own words, after Table 3 of the paper on position, course, competition
# and certificate. (number, level, zh, en, content zh, content en, minutes)
ITEMS = (
    (
        "SNAD-E-01",
        ELEMENTARY,
        "照接线图连好采集设备，通电前后各查一遍",
        "Connects acquisition devices from a wiring diagram and checks them before and after power-on",
        "模拟量采集",
        "Analogue acquisition",
        320,
    ),
    (
        "SNAD-E-02",
        ELEMENTARY,
        "读取数字量与开关量信号并判断读数是否合理",
        "Reads digital and switch signals and judges whether the readings make sense",
        "数字量与开关量采集",
        "Digital and switch acquisition",
        320,
    ),
    (
        "SNAD-E-03",
        ELEMENTARY,
        "搭建现场总线并让各设备互相通信",
        "Builds a field bus and gets its devices to talk to each other",
        "有线组网通信",
        "Wired networking",
        320,
    ),
    (
        "SNAD-E-04",
        ELEMENTARY,
        "安装并调通近距离无线节点",
        "Installs short-range wireless nodes and brings them into service",
        "短距离无线通信",
        "Short-range wireless",
        320,
    ),
    (
        "SNAD-E-05",
        ELEMENTARY,
        "让低功耗窄带终端入网并按时上报",
        "Brings low-power narrowband terminals onto the network so that they report on time",
        "低功耗窄带组网",
        "Low-power narrowband networking",
        320,
    ),
    (
        "SNAD-E-06",
        ELEMENTARY,
        "按检验单完成样机检查和测试记录",
        "Inspects and tests a prototype from the checklist and keeps the record",
        "样机检测",
        "Prototype testing",
        320,
    ),
    (
        "SNAD-M-01",
        INTERMEDIATE,
        "查阅数据手册，为传感器编写采集程序",
        "Writes acquisition code for a sensor from its data sheet",
        "传感器技术",
        "Sensor technology",
        480,
    ),
    (
        "SNAD-M-02",
        INTERMEDIATE,
        "编写无线传感网节点程序并验证功能",
        "Codes nodes of a wireless sensor network and verifies their function",
        "无线传感网技术",
        "Wireless sensor networks",
        480,
    ),
    (
        "SNAD-M-03",
        INTERMEDIATE,
        "实现射频标签的读写与防冲突处理",
        "Implements reading and writing of radio tags, collisions included",
        "射频识别技术",
        "RFID",
        480,
    ),
    (
        "SNAD-M-04",
        INTERMEDIATE,
        "开发窄带物联网终端的上报与休眠",
        "Develops reporting and sleep of an NB-IoT terminal",
        "窄带物联网技术",
        "NB-IoT",
        480,
    ),
    (
        "SNAD-M-05",
        INTERMEDIATE,
        "开发远距离低速无线链路并测出覆盖范围",
        "Develops a LoRa link and measures its coverage",
        "远距离无线技术",
        "LoRa",
        480,
    ),
    (
        "SNAD-M-06",
        INTERMEDIATE,
        "在网关上完成协议转换与断线续传",
        "Converts protocols on a gateway and resumes after a broken line",
        "物联网网关应用",
        "IoT gateways",
        480,
    ),
    (
        "SNAD-M-07",
        INTERMEDIATE,
        "依据开发指南把终端、网关和应用联调成系统",
        "Brings terminal, gateway and application together as a system from the development guide",
        "物联网应用开发",
        "IoT application development",
        480,
    ),
)

# Names that systems tend to break: rare characters (some beyond the basic plane), middle dots, great length.
SPECIAL_NAMES = (
    "李㛃",
    "𠮷田雨",
    "龚䶮",
    "𬭚𬭛",
    "王喆",
    "欧阳𫍯",
    "司马㻇安",
    "夏侯𡎚",
    "阿依古丽·买买提",
    "古丽努尔·阿卜杜热合曼",
    "巴特尔·苏合",
    "扎西次仁·旺堆",
    "迪丽娜尔·艾尔肯·吐尔逊江",
    "阿卜杜拉·穆罕默德伊明·麦麦提图尔荪托合提",
    "José Ångström-O'Neill",
    "Nguyễn Thị Ánh Tuyết",
    "Анна Смирнова",
)
SURNAMES = "陈黄李梁林刘张吴谢罗郑邓何叶钟潘卢苏冯曾蔡杜温莫冼邝关伍余麦区岑简谭黎霍招容"
GIVEN = "嘉俊伟颖婷浩然子轩欣怡志强晓彤文杰雅雯家豪思琪国栋静宜梓晴泽宇诗雨建华海燕明辉秋月少峰慧敏永康艺涵"
